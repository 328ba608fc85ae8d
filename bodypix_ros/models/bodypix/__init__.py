"""Google's BodyPix: converts TensorFlow.js weights to ONNX networks."""
