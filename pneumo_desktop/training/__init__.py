"""Learning: the only room that imports TensorFlow. Started as a program of its own (``__main__``), imported by nobody."""

import os

# Before NumPy is imported. Two BLAS threads that wait for each other on a busy computer took 10 s for the eigenvectors
# that one takes 1.6 s for (1,280 columns, two cores); TensorFlow has threads of its own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Keras would write settings of its own into the user's home, and let those found there choose another backend.
os.environ["KERAS_HOME"] = os.devnull
os.environ["KERAS_BACKEND"] = "tensorflow"
