// The worker for browsers with WebGPU. Its runtime waits for the graphics card by suspending WebAssembly (JSPI): the build that does
// without is half as large again. It can do all that the other worker can, so a card that computes wrongly costs no second download.
import * as ort from "onnxruntime-web/jspi";
import glue from "asset:onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs";
import machine from "asset:onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm";
import { serve } from "./worker";

serve({ ort, glue, machine }, ["webgpu", "wasm"]);
