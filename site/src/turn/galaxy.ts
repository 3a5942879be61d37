// A galaxy's points of light, turned by hand and rotating, the middle faster than the rim. Light is added up in linear space and shown
// by the mapping that made the picture.
import { readable } from "../largest";
import { contextOf, EVERYWHERE, Program, textureAt } from "./gl";
import { cloudOf, type Shape } from "./points";
import { Stage } from "./stage";
import { t } from "../words";

const BLUR = 0.9; // of a point, in cells of the grid
const PACE = 9; // degrees a second at the half-light radius

const POINT = `#version 300 es
precision highp float;
in vec4 place;
in vec3 light;
uniform float time, radius, across, inclination, angle, turn, tilt;
out vec3 shine;
vec2 spun(vec2 p, float a) { return vec2(p.x * cos(a) - p.y * sin(a), p.x * sin(a) + p.y * cos(a)); }
void main() {
  vec3 p = place.xyz;
  float speed = 1.0 / sqrt(0.09 + dot(p.xy, p.xy) / (radius * radius)); // a flat rotation curve with a rising middle
  p.xy = spun(p.xy, time * place.w * speed);
  p.yz = spun(p.yz, inclination);
  p.xy = spun(p.xy, angle);
  p.xz = spun(p.xz, -turn);
  p.yz = spun(p.yz, -tilt);
  shine = light;
  gl_Position = vec4(p.xy, 0.0, 1.0);
  gl_PointSize = across;
}`;
const GLOW = `#version 300 es
precision highp float;
in vec3 shine;
out vec4 colour;
uniform float strength;
void main() {
  vec2 at = (gl_PointCoord - 0.5) * 5.0; // standard deviations
  colour = vec4(shine * strength * exp(-dot(at, at) / 2.0), 1.0);
}`;
const SHOW = `#version 300 es
precision highp float;
uniform sampler2D sum;
uniform vec2 size;
out vec4 colour;
void main() {
  vec3 light = texture(sum, gl_FragCoord.xy / size).rgb / 0.35;
  colour = vec4(log(light + sqrt(light * light + 1.0)) / log(1.0 / 0.35 + sqrt(1.0 / 0.1225 + 1.0)), 1.0);
}`;

/** Puts the galaxy on stage. An error in words where it cannot be. */
export async function turnGalaxy(plate: HTMLElement, picture: HTMLElement, tools: HTMLElement, image: HTMLImageElement): Promise<Stage> {
  const shape = JSON.parse(plate.dataset.shape ?? "") as Shape;
  const cloud = cloudOf(await readable(image.currentSrc || image.src), shape);
  const [turn, tilt, time] = [{ value: 0 }, { value: 0 }, { value: 0 }];
  const degree = Math.PI / 180;
  const radius = 2 * shape.half_light_radius;
  let draw = (): void => undefined;
  const stage = new Stage(picture, tools, t("The galaxy as points of light. Arrow keys turn it."), () => draw());
  try {
    const { canvas } = stage;
    const gl = contextOf(canvas);
    if (!gl.getExtension("EXT_color_buffer_float")) throw new Error(t("its WebGL cannot add up light"));
    const points = new Program(gl, POINT, GLOW);
    const show = new Program(gl, EVERYWHERE, SHOW);
    for (const [name, data, parts] of [["place", cloud.places, 4], ["light", cloud.colours, 3]] as const) {
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
      const place = points.place(name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, parts, gl.FLOAT, false, 0, 0);
    }
    const sum = textureAt(gl, 0, false);
    const target = gl.createFramebuffer();
    gl.blendFunc(gl.ONE, gl.ONE);
    let side = 0;
    draw = (): void => {
      if (side !== canvas.width) {
        side = canvas.width;
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA16F, side, side, 0, gl.RGBA, gl.HALF_FLOAT, null);
        gl.bindFramebuffer(gl.FRAMEBUFFER, target);
        gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, sum, 0);
      }
      gl.viewport(0, 0, side, side);
      gl.bindFramebuffer(gl.FRAMEBUFFER, target);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.enable(gl.BLEND);
      points.use();
      points.set({
        time: time.value * degree, radius, across: (5 * BLUR * side) / cloud.grid, strength: 1 / (2 * Math.PI * BLUR * BLUR),
        inclination: cloud.inclination * degree, angle: shape.position_angle_deg * degree, turn: turn.value * degree, tilt: tilt.value * degree,
      });
      gl.drawArrays(gl.POINTS, 0, cloud.count);
      gl.disable(gl.BLEND);
      gl.bindFramebuffer(gl.FRAMEBUFFER, null);
      show.use();
      show.set({ size: [side, side] }, { sum: 0 });
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    };
  } catch (error) {
    stage.remove();
    throw error;
  }
  const around = (degrees: number): number => ((((degrees + 180) % 360) + 360) % 360) - 180;
  stage.slider(t("turn"), turn, [-180, 180, 1]);
  stage.slider(t("tilt"), tilt, [-180, 180, 1]);
  stage.slider(t("time"), time, [0, 720, 1], t("° at the half-light radius"));
  stage.motion(t("rotate"), (seconds) => { time.value = (time.value + PACE * seconds) % 720; });
  stage.button(t("as it was drawn"), () => {
    turn.value = tilt.value = time.value = 0;
    stage.redraw();
  });
  stage.say(words(cloud.inclination, cloud.round));
  stage.turnedByHand(0.4, (right, up) => {
    turn.value = around(turn.value + right);
    tilt.value = around(tilt.value - up);
  });
  return stage;
}

function words(inclination: number, round: boolean): string {
  const depth = round
    ? t("The third dimension is a guess, and this is no simulation: the depth of each point is drawn by lot, as in a round body of stars.")
    : t("The third dimension is a guess, and this is no simulation: each point lies where it would in a thin disc inclined by {angle}°, which its outline speaks for, and a round bulge.", { angle: Math.round(inclination) });
  return `${depth} ${t("Which side is nearer and which way it turns, nobody knows; real arms would not wind up so.")}`;
}
