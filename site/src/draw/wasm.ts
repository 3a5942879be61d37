// The worker that every browser with WebAssembly can run.
import * as ort from "onnxruntime-web/wasm";
import glue from "asset:onnxruntime-web/ort-wasm-simd-threaded.mjs";
import machine from "asset:onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { serve } from "./worker";

serve({ ort, glue, machine }, ["wasm"]);
