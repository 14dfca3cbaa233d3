"""Learning from labelled images. The only room that imports TensorFlow; runs in a child process."""
