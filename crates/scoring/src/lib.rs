//! ONNX models: load, verify, score, explain.
