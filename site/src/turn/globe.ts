// A planet's map on a globe, lit and hung as render/media/globe.py does it, and turned by hand. The first frame is the picture.
import { normals } from "../draw/noise";
import { readable } from "../largest";
import { contextOf, EVERYWHERE, Program, textureAt } from "./gl";
import { Stage } from "./stage";
import { t } from "../words";

const ASPECT = 3; // the stream of a recipe's noise from which all of this comes
const RINGS = 512; // samples of the rings' density
const SPIN = 12; // degrees a second
const CLOUDED = ["gas_giant"]; // whose light fades towards the limb, as an atmosphere's does

/** What the page says of a planet: angles in degrees, and what its seed decides beside them. */
interface Hung {
  phase: number;
  sun_height: number;
  lean: number;
  towards: number;
  longitude: number;
  rings: boolean;
  seed: number;
  class: string | null;
}
type Vector = [number, number, number];

const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D map, dense;
uniform vec2 size;
uniform vec3 zero, east, north, sun, tint;
uniform float reach, rings, clouded;
out vec4 colour;
const float PI = 3.14159265358979;

vec3 toLinear(vec3 c) { return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(0.04045, c)); }
vec3 toShown(vec3 c) {
  c = mix(max(c, 0.0), 0.8 + 0.2 * tanh(min((c - 0.8) / 0.2, 10.0)), step(0.8, c));
  return mix(c * 12.92, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}
float density(float radius) {
  float place = (radius - 1.3) / 0.75;
  return place < 0.0 || place > 1.0 ? 0.0 : texture(dense, vec2(place, 0.5)).r;
}
float shadow(vec3 normal) {
  float rise = dot(north, sun);
  if (abs(rise) < 0.001) return 0.0;
  float way = -dot(normal, north) / rise;
  return way > 0.0 ? density(length(normal + way * sun)) : 0.0;
}
void main() {
  vec2 at = (gl_FragCoord.xy / size * 2.0 - 1.0) * reach;
  float pixel = 2.0 * reach / size.x;
  float radius = length(at);
  float inside = clamp((1.0 - radius) / pixel + 0.5, 0.0, 1.0);
  vec2 flat_ = at * (radius > 0.999 ? 0.999 / radius : 1.0);
  vec3 normal = vec3(flat_, sqrt(max(1.0 - dot(flat_, flat_), 0.0)));
  vec3 where = vec3(dot(zero, normal), dot(east, normal), dot(north, normal));
  vec2 place = vec2(atan(where.y, where.x) / (2.0 * PI) + 0.5, 0.5 - asin(clamp(where.z, -1.0, 1.0)) / PI);
  float lit = pow(max((dot(normal, sun) + 0.07) / 1.07, 0.0), 1.3);
  if (clouded > 0.5) lit *= 0.45 + 0.55 * sqrt(normal.z);
  if (rings > 0.5) lit *= 1.0 - 0.75 * shadow(normal);
  vec3 light = toLinear(texture(map, place).rgb) * (lit + 0.008) * 1.15 * inside;
  if (rings > 0.5 && abs(north.z) > 0.01) {
    float depth = -dot(at, north.xy) / north.z;
    vec3 point = vec3(at, depth);
    float here = density(length(point));
    float along = dot(point, sun);
    bool shaded = along < 0.0 && dot(point, point) - along * along < 1.0;
    float glow = (shaded ? 0.01 : dot(north, sun) * north.z > 0.0 ? 0.62 : 0.22) * here;
    light = light * (1.0 - (depth >= 0.0 ? here : 0.0)) + glow * tint * (1.0 - (depth < 0.0 ? inside : 0.0));
  }
  colour = vec4(toShown(light), 1.0);
}`;

/** Puts the globe on stage. An error in words where it cannot be. */
export async function turnGlobe(plate: HTMLElement, picture: HTMLElement, tools: HTMLElement): Promise<Stage> {
  const hung = JSON.parse(plate.dataset.globe ?? "") as Hung;
  const map = await readable(plate.dataset.map ?? "");
  const [turn, tilt, phase] = [{ value: hung.longitude }, { value: hung.towards }, { value: hung.phase }];
  let draw = (): void => undefined;
  const stage = new Stage(picture, tools, t("The planet as a globe. Arrow keys turn it."), () => draw());
  try {
    const { canvas } = stage;
    const gl = contextOf(canvas);
    const program = new Program(gl, EVERYWHERE, FRAGMENT);
    textureAt(gl, 0, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, map);
    textureAt(gl, 1, false);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, RINGS, 1, 0, gl.RED, gl.UNSIGNED_BYTE, densities(hung.seed));
    program.use();
    const clouded = Number(CLOUDED.includes(hung.class ?? ""));
    program.set({ tint: tintOf(map), reach: hung.rings ? 2.16 : 1.14, rings: Number(hung.rings), clouded }, { map: 0, dense: 1 });
    draw = (): void => {
      gl.viewport(0, 0, canvas.width, canvas.height);
      const [zero, east, north] = axes(hung.lean, tilt.value, turn.value);
      program.set({ size: [canvas.width, canvas.height], zero, east, north, sun: sunAt(phase.value, hung.sun_height) });
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    };
  } catch (error) {
    stage.remove();
    throw error;
  }
  stage.slider(t("turn"), turn, [-180, 180, 1]);
  stage.slider(t("tilt"), tilt, [-89, 89, 1]);
  stage.slider(t("phase"), phase, [-180, 180, 1]);
  stage.motion(t("spin"), (seconds) => { turn.value = around(turn.value - SPIN * seconds); });
  stage.button(t("as it hung"), () => {
    [turn.value, tilt.value, phase.value] = [hung.longitude, hung.towards, hung.phase];
    stage.redraw();
  });
  stage.say(t("Drag it, or use the arrow keys. The network drew the map; sphere, light and shadow are arithmetic, here as in the picture."));
  stage.turnedByHand(hung.rings ? 0.23 : 0.44, (right, up) => {
    const lean = (hung.lean * Math.PI) / 180; // the hand moves along the page, the globe about its leaning axis
    turn.value = around(turn.value - right * Math.cos(lean) + up * Math.sin(lean));
    tilt.value = Math.min(89, Math.max(-89, tilt.value - up * Math.cos(lean) - right * Math.sin(lean)));
  });
  return stage;
}
function around(degrees: number): number {
  return ((((degrees + 180) % 360) + 360) % 360) - 180;
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** The globe's axes as the eye sees them: to longitude 0, to 90 east, to the north pole (`Aspect.axes`). */
function axes(lean: number, towards: number, longitude: number): [Vector, Vector, Vector] {
  const [l, t, o] = [radians(lean), radians(towards), radians(longitude)];
  const north: Vector = [Math.sin(l) * Math.cos(t), Math.cos(l) * Math.cos(t), Math.sin(t)];
  const middle = [-north[0] * north[2], -north[1] * north[2], 1 - north[2] * north[2]] as Vector;
  const length = Math.hypot(...middle);
  const facing = middle.map((one) => one / length) as Vector;
  const east = cross(north, facing);
  const zero = facing.map((one, i) => Math.cos(o) * one - Math.sin(o) * (east[i] as number)) as Vector;
  return [zero, cross(north, zero), north];
}

function sunAt(phase: number, height: number): Vector {
  const [p, h] = [radians(phase), radians(height)];
  return [Math.sin(p) * Math.cos(h), Math.sin(h), Math.cos(p) * Math.cos(h)];
}

/** How dense the rings are from their inner edge to the outer (`_profile`), as bytes. */
function densities(seed: number): Uint8Array {
  const [waves, fine] = [normals(seed, 24, { stream: ASPECT + 2 }), normals(seed, 90, { stream: ASPECT + 3 })];
  return Uint8Array.from({ length: RINGS }, (_, i) => {
    const place = (i + 0.5) / RINGS;
    const density = 0.55 + 0.28 * between(waves, place) + 0.12 * between(fine, place);
    const edge = Math.min(1, place / 0.03) * Math.min(1, (1 - place) / 0.03);
    return Math.round(255 * Math.min(0.95, Math.max(0, density)) * edge);
  });
}

function between(knots: Float32Array, place: number): number {
  const at = place * (knots.length - 1);
  const left = Math.min(Math.floor(at), knots.length - 2);
  return (knots[left] as number) * (left + 1 - at) + (knots[left + 1] as number) * (at - left);
}

/** The rings' colour: the planet's own mean, and ice. */
function tintOf(map: HTMLImageElement): Vector {
  const small = document.createElement("canvas");
  [small.width, small.height] = [map.naturalWidth, map.naturalHeight];
  const ink = small.getContext("2d");
  if (!ink) return [0.86, 0.8, 0.72];
  ink.drawImage(map, 0, 0);
  const { data } = ink.getImageData(0, 0, small.width, small.height);
  const mean: Vector = [0, 0, 0];
  for (let i = 0; i < data.length; i++) if (i % 4 < 3) mean[i % 4] = (mean[i % 4] as number) + (data[i] as number) / (data.length / 4) / 255;
  const light = mean.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  const most = Math.max(...light, 1e-3);
  return light.map((c, i) => (0.35 * c) / most + 0.65 * ([0.86, 0.8, 0.72][i] as number)) as Vector;
}
