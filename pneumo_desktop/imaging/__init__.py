"""A file becomes a Radiograph, a Radiograph becomes the network's input. No Qt, no TensorFlow."""
