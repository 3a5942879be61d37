// The little pictures, drawn by WebGL: one call for each sheet of 256, whose points differ in where they stand and nothing else.
// Where pictures end in black, the brighter of two that overlap is seen, as in the sky; so their order does not matter.

const VERTEX = `#version 300 es
in vec2 from;
in vec2 to;
in float cell;
in float seen;
uniform vec2 scale;
uniform vec2 offset;
uniform vec2 size;
uniform float moved;
uniform vec2 grid;
uniform float tile;
out vec2 place;
out vec2 within;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  vec2 at = mix(from, to, moved) * scale + offset;
  gl_Position = seen > 0.5 ? vec4(at + (corner - 0.5) * size, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  vec2 inset = 0.5 / tile + corner * (1.0 - 1.0 / tile); // no colour of the neighbour's
  within = corner;
  place = (vec2(mod(cell, grid.x), floor(cell / grid.x)) + vec2(inset.x, 1.0 - inset.y)) / grid;
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
in vec2 place;
in vec2 within;
uniform sampler2D sheet;
uniform float fade;
out vec4 colour;
void main() {
  vec2 edge = smoothstep(0.0, fade, min(within, 1.0 - within)); // no square is ever seen
  colour = vec4(texture(sheet, place).rgb * edge.x * edge.y, 1.0);
}`;
const FADE = 0.14; // of a picture's width, where it ends in black
const FLOATS = 6; // of a point: from, to, cell, seen

/** One exhibit's little picture: the sheet that it is on, and its cell there. */
export interface Sprite {
  number: number;
  sheet: number;
  cell: number;
}

interface Sheet {
  texture: WebGLTexture;
  buffer: WebGLBuffer;
  array: WebGLVertexArrayObject;
  sprites: number[]; // positions in the list of all
  values: Float32Array;
  rows: number;
}

/** How the world lies on the canvas: pixels a world unit, where the world's origin is, and how wide a picture is. */
export interface Camera {
  zoom: number;
  x: number;
  y: number;
  size: number;
}

export class Sprites {
  private readonly gl: WebGL2RenderingContext;
  private readonly program: WebGLProgram;
  private readonly sheets = new Map<number, Sheet>();

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly all: Sprite[],
    private readonly columns: number,
    private readonly tile: number,
    private readonly dark: boolean,
    private readonly changed: () => void,
  ) {
    const gl = canvas.getContext("webgl2", { antialias: false, alpha: false });
    if (!gl) throw new Error("no WebGL");
    this.gl = gl;
    this.program = linked(gl);
    this.prepare();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => location.reload()); // the address holds the view
  }

  /** Hangs a sheet's picture on its points. */
  hang(number: number, picture: ImageBitmap): void {
    const sheet = this.sheets.get(number);
    if (!sheet) return;
    const gl = this.gl;
    gl.bindTexture(gl.TEXTURE_2D, sheet.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, picture);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    sheet.rows = picture.height / this.tile;
    this.changed();
  }

  /** Says where points stood, where they stand, and that those without a place are not seen. */
  move(from: Map<number, [number, number]>, to: Map<number, [number, number]>): void {
    for (const sheet of this.sheets.values()) {
      sheet.sprites.forEach((position, i) => {
        const { number, cell } = this.all[position]!;
        const there = to.get(number);
        const here = from.get(number) ?? there;
        sheet.values.set([...(here ?? [0, 0]), ...(there ?? [0, 0]), cell, there ? 1 : 0], FLOATS * i);
      });
      this.gl.bindBuffer(this.gl.ARRAY_BUFFER, sheet.buffer);
      this.gl.bufferData(this.gl.ARRAY_BUFFER, sheet.values, this.gl.DYNAMIC_DRAW);
    }
  }

  /** Draws everything; `moved` is how far points have come from where they stood, 0 to 1. */
  draw(camera: Camera, moved: number): void {
    const gl = this.gl;
    const { width, height } = this.canvas;
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.useProgram(this.program);
    if (this.dark) {
      gl.enable(gl.BLEND);
      gl.blendEquation(gl.MAX);
    }
    const at = (name: string): WebGLUniformLocation | null => gl.getUniformLocation(this.program, name);
    gl.uniform2f(at("scale"), (2 * camera.zoom) / width, (-2 * camera.zoom) / height);
    gl.uniform2f(at("offset"), (2 * camera.x) / width - 1, 1 - (2 * camera.y) / height);
    gl.uniform2f(at("size"), (2 * camera.size) / width, (2 * camera.size) / height);
    gl.uniform1f(at("moved"), moved);
    gl.uniform1f(at("tile"), this.tile);
    gl.uniform1f(at("fade"), this.dark ? FADE : 1e-4);
    for (const sheet of this.sheets.values()) {
      if (!sheet.rows) continue;
      gl.bindTexture(gl.TEXTURE_2D, sheet.texture);
      gl.uniform2f(at("grid"), this.columns, sheet.rows);
      gl.bindVertexArray(sheet.array);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, sheet.sprites.length);
    }
    gl.bindVertexArray(null);
  }

  private prepare(): void {
    const gl = this.gl;
    this.all.forEach((sprite, position) => {
      let sheet = this.sheets.get(sprite.sheet);
      if (!sheet) {
        sheet = {
          texture: gl.createTexture(), buffer: gl.createBuffer(), array: gl.createVertexArray(), sprites: [],
          values: new Float32Array(), rows: 0,
        };
        this.sheets.set(sprite.sheet, sheet);
      }
      sheet.sprites.push(position);
    });
    for (const sheet of this.sheets.values()) {
      sheet.values = new Float32Array(FLOATS * sheet.sprites.length);
      gl.bindVertexArray(sheet.array);
      gl.bindBuffer(gl.ARRAY_BUFFER, sheet.buffer);
      for (const [name, size, start] of [["from", 2, 0], ["to", 2, 2], ["cell", 1, 4], ["seen", 1, 5]] as const) {
        const where = gl.getAttribLocation(this.program, name);
        gl.enableVertexAttribArray(where);
        gl.vertexAttribPointer(where, size, gl.FLOAT, false, 4 * FLOATS, 4 * start);
        gl.vertexAttribDivisor(where, 1);
      }
    }
    gl.bindVertexArray(null);
  }
}

function linked(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("no shader");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "the shader does not link");
  return program;
}
