// Runs a WASI 0.1 program on V8; its last line on the standard error is the time of the run.
// usage: node --no-warnings --no-liftoff --no-wasm-lazy-compilation node.mjs FILE.wasm ARGS
import { readFileSync, writeSync } from "node:fs";
import { WASI } from "node:wasi";

const [file, ...args] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(file));
const wasi = new WASI({
  version: "preview1",
  args: [file, ...args],
  preopens: { ".": "." },
  returnOnExit: true,
});
const instance = new WebAssembly.Instance(module, wasi.getImportObject());
// What a program without WASI has none of, its start would miss.
const isWasi = WebAssembly.Module.imports(module).length > 0;
const start = process.hrtime.bigint();
const code = isWasi ? wasi.start(instance) : (instance.exports._start(), 0);
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
writeSync(2, `\nseconds=${seconds}\n`);
process.exitCode = code;
