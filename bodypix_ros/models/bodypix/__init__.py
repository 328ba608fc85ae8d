"""Google's BodyPix: TensorFlow.js weights in, ONNX networks out."""
