// Copyright 2026 bodypix_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The JavaScript library BodyPix: `node body_pix.js REQUEST.json`. Uses the protocol of peers.py.
'use strict';

const fs = require('fs');
const path = require('path');
const {createRequire} = require('module');
const readline = require('readline');

const request = JSON.parse(fs.readFileSync(process.argv[2]));
const need = createRequire(path.join(request.node_modules, 'body_pix.js'));
console.log = console.error; // stdout is reserved for replies
console.info = console.error;

function reply(values) {
  fs.writeSync(1, JSON.stringify(values) + '\n');
}

async function startBackend() {
  if (request.backend === 'tensorflow') {
    return need('@tensorflow/tfjs-node');
  }
  const tf = need('@tensorflow/tfjs');
  const {setWasmPaths} = need('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(path.dirname(need.resolve('@tensorflow/tfjs-backend-wasm')) + path.sep);
  await tf.setBackend('wasm');
  multiplyIntegers(tf);
  return tf;
}

// BodyPix multiplies int32 matrices, which the WASM backend does not support; float32 represents its values exactly.
function multiplyIntegers(tf) {
  const {kernelFunc} = tf.getKernel('BatchMatMul', 'wasm');
  tf.unregisterKernel('BatchMatMul', 'wasm');
  const as = (backend, value, dtype) => tf.getKernel('Cast', 'wasm').kernelFunc({inputs: {x: value}, backend, attrs: {dtype}});
  tf.registerKernel({
    kernelName: 'BatchMatMul',
    backendName: 'wasm',
    kernelFunc: ({inputs: {a, b}, backend, attrs}) => {
      if (a.dtype === 'float32' && b.dtype === 'float32') {
        return kernelFunc({inputs: {a, b}, backend, attrs});
      }
      const [left, right] = [as(backend, a, 'float32'), as(backend, b, 'float32')];
      const product = kernelFunc({inputs: {a: left, b: right}, backend, attrs});
      const integers = as(backend, product, 'int32');
      for (const value of [left, right, product]) {
        backend.disposeData(value.dataId);
      }
      return integers;
    },
  });
}

// Peak resident memory. On Linux, resourceUsage includes the peak of the parent process before exec.
function peakMemoryMb() {
  const status = fs.existsSync('/proc/self/status') ? fs.readFileSync('/proc/self/status', 'utf8') : '';
  const found = status.match(/^VmHWM:\s*(\d+) kB$/m);
  return (found ? Number(found[1]) : process.resourceUsage().maxRSS) * 1024 / 1e6;
}

// Loads the official model from local files.
function readModel() {
  const {modelTopology, weightsManifest} = JSON.parse(fs.readFileSync(request.graph));
  const shards = weightsManifest.flatMap((group) => group.paths);
  const data = Buffer.concat(shards.map((name) => fs.readFileSync(path.join(path.dirname(request.graph), name))));
  const weightData = new Uint8Array(data).buffer;
  return {load: async () => ({modelTopology, weightSpecs: weightsManifest.flatMap((group) => group.weights), weightData})};
}

async function main() {
  const tf = await startBackend();
  const net = await need('@tensorflow-models/body-pix').load({
    architecture: 'MobileNetV1',
    outputStride: request.stride,
    multiplier: request.settings.multiplier,
    quantBytes: request.settings.quant_bytes,
    modelUrl: readModel(),
  });
  const pixels = new Uint8Array(fs.readFileSync(request.picture));
  const options = {internalResolution: request.resolution, segmentationThreshold: request.threshold};

  async function segment() {
    const picture = tf.tensor3d(pixels, [request.height, request.width, 3], 'int32');
    const {data} = await net.segmentPersonParts(picture, options);
    picture.dispose();
    return data;
  }

  const labels = await segment();
  const person = labels.reduce((count, label) => count + (label >= 0 ? 1 : 0), 0) / labels.length;
  const {version} = need('@tensorflow-models/body-pix/package.json');
  reply({title: `body-pix ${version}, ${tf.getBackend()} ${tf.version.tfjs || tf.version['tfjs-core']}`, person});

  for await (const line of readline.createInterface({input: process.stdin})) {
    const burst = {wall_ms: [], cpu_ms: []};
    for (let call = 0; call < Number(line); call++) {
      const [wall, cpu] = [process.hrtime.bigint(), process.cpuUsage()];
      await segment();
      const used = process.cpuUsage(cpu);
      burst.cpu_ms.push((used.user + used.system) / 1e3);
      burst.wall_ms.push(Number(process.hrtime.bigint() - wall) / 1e6);
    }
    reply({...burst, peak_mb: peakMemoryMb()});
  }
}

main().catch((error) => {
  console.error(String(error && error.message || error));
  process.exit(1);
});
