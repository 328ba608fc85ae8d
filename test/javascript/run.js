// Copyright 2026 bodypix_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Run a network in TensorFlow.js, as `node run.js REQUEST.json`, so that a test can compare ours with it.
'use strict';

const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');

// Read the weights that a model JSON names: {weightSpecs, weightData}.
function readWeights(file) {
  const groups = JSON.parse(fs.readFileSync(file)).weightsManifest;
  const shards = groups.flatMap((group) => group.paths).map((name) => path.join(path.dirname(file), name));
  const data = Buffer.concat(shards.map((name) => fs.readFileSync(name)));
  return {weightSpecs: groups.flatMap((group) => group.weights), weightData: new Uint8Array(data).buffer};
}

// A published graph, whose weights may come from another file, as TensorFlow.js loads it.
function modelOf(request) {
  const {modelTopology} = JSON.parse(fs.readFileSync(request.topology));
  return {load: async () => ({modelTopology, ...readWeights(request.weights)})};
}

// BodyPix 1 reads its weights by name and needs no graph.
function bodyPix1NetworkOf(request) {
  tf.Tensor.prototype.depthwiseConv2D = tf.Tensor.prototype.depthwiseConv2d; // the name that it had in those days
  const {MobileNet, mobileNetArchitectures} = require('body-pix-1/dist/mobilenet');
  const {ModelWeights} = require('body-pix-1/dist/model_weights');
  const {weightSpecs, weightData} = readWeights(request.weights);
  const weights = Object.entries(tf.io.decodeWeights(weightData, weightSpecs)).map(([name, values]) => [name, [values]]);
  const source = new ModelWeights({weights: Object.fromEntries(weights)});
  return new MobileNet(source, mobileNetArchitectures[request.multiplier * 100]);
}

const runs = {
  // Raw outputs of a published graph.
  graph: async (request, input) => {
    const model = await tf.loadGraphModel(modelOf(request));
    const outputs = model.execute(input, Object.values(request.outputs));
    return Object.fromEntries(Object.keys(request.outputs).map((name, index) => [name, outputs[index]]));
  },
  // Raw outputs of BodyPix 1.
  bodypix1Network: async (request, input) => {
    const network = bodyPix1NetworkOf(request);
    const features = network.predict(input, request.stride);
    return {
      segments: network.convToOutput(features, 'segment_2'),
      part_heatmaps: network.convToOutput(features, 'part_heatmap_2'),
    };
  },
  // What BodyPix 1 says of a picture.
  bodypix1: async (request, input) => {
    const {BodyPix} = require('body-pix-1');
    const net = new BodyPix(bodyPix1NetworkOf(request));
    return {
      mask: net.estimatePersonSegmentationActivation(input, request.stride),
      parts: net.estimatePartSegmentationActivation(input, request.stride),
    };
  },
  // What BodyPix 2 says of a picture with ResNet50.
  bodypix2: async (request, input) => {
    const bodyPix = require('@tensorflow-models/body-pix');
    const net = await bodyPix.load({architecture: 'ResNet50', outputStride: request.stride, modelUrl: modelOf(request)});
    const {data, height, width} = await net.segmentPersonParts(input, request.options);
    return {parts: tf.tensor(data, [height, width], 'int32')};
  },
};

async function main() {
  await tf.setBackend('cpu');
  const request = JSON.parse(fs.readFileSync(process.argv[2]));
  const data = fs.readFileSync(request.input);
  const input = tf.tensor(new Float32Array(new Uint8Array(data).buffer), request.shape);
  const outputs = await runs[request.run](request, input);
  const shapes = {};
  for (const [name, output] of Object.entries(outputs)) {
    const values = Float32Array.from(await output.data());
    fs.writeFileSync(path.join(request.folder, `${name}.f32`), Buffer.from(values.buffer));
    shapes[name] = output.shape;
  }
  fs.writeFileSync(path.join(request.folder, 'shapes.json'), JSON.stringify(shapes));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
