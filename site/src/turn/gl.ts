// The little of WebGL 2 that turning things need: a program, a picture as a texture, a rectangle that fills the canvas.
import { t } from "../words";

/** Two triangles over everything, without a buffer: the vertex shader of what is computed for each pixel. */
export const EVERYWHERE = `#version 300 es
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0); }`;

/** A context, or an error in words where the browser has none. */
export function contextOf(canvas: HTMLCanvasElement): WebGL2RenderingContext {
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: false });
  if (!gl) throw new Error(t("this browser has no WebGL 2"));
  return gl;
}

/** A linked program with a way to its uniforms. */
export class Program {
  private readonly program: WebGLProgram;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    vertex: string,
    fragment: string,
  ) {
    this.program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
      const shader = gl.createShader(kind);
      if (!shader) throw new Error(t("its WebGL has stopped"));
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.program, shader);
    }
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS)) throw new Error(t("its WebGL cannot compute this"));
  }

  use(): void {
    this.gl.useProgram(this.program);
  }

  /** Sets numbers, vectors and texture units (whole numbers in `units`) of the program in use. */
  set(values: Record<string, number | readonly number[]>, units: Record<string, number> = {}): void {
    const { gl, program } = this;
    for (const [name, value] of Object.entries(values)) {
      const place = gl.getUniformLocation(program, name);
      if (typeof value === "number") gl.uniform1f(place, value);
      else if (value.length === 3) gl.uniform3fv(place, value as number[]);
      else gl.uniform2fv(place, value as number[]);
    }
    for (const [name, unit] of Object.entries(units)) gl.uniform1i(gl.getUniformLocation(program, name), unit);
  }

  place(attribute: string): number {
    return this.gl.getAttribLocation(this.program, attribute);
  }
}

/** A texture with linear filtering; `around` repeats it sideways. The caller fills it. */
export function textureAt(gl: WebGL2RenderingContext, unit: number, around: boolean): WebGLTexture {
  const texture = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, around ? gl.REPEAT : gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return texture;
}
