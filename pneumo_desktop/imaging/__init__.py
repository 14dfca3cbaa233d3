"""A file becomes a Radiograph, a Radiograph becomes the network's input. No Qt, no TensorFlow.

The way of a file: ``sources.find`` -> ``load.load`` (``sniff`` -> ``raster`` or ``dicom``) -> ``prepare.prepare``.
Every code that is raised or noted on the way stands in ``codes``; every limit in ``limits``.
"""
