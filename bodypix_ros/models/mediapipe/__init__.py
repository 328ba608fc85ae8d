"""MediaPipe's networks: finds their .tflite files and builds ONNX from them."""
