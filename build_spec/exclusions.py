"""What does not go into the bundle: the one list that every spec, on every system, reads."""

from __future__ import annotations

from fnmatch import fnmatch

TRAINING = (
    "tensorflow", "keras", "h5py", "numpy.fft", "numpy.polynomial", "numpy.testing", "asyncio", "doctest", "pdb", "pydoc",
    "pneumo_desktop.training",
)  # fmt: skip
"""Only the training component carries these."""

READING_ONLY = (
    "PySide6", "shiboken6", "matplotlib", "contourpy", "kiwisolver", "fontTools", "pneumo_desktop.gui",
    "pneumo_desktop.cli",
)  # fmt: skip
"""Only the base carries these."""

EXCLUDED_MODULES = (
    # graphical tool kits and consoles that nobody sees
    "tkinter", "_tkinter", "curses", "_curses", "IPython", "pytest", "_pytest", "setuptools", "pip", "uv", "wheel",
    # readline and gdbm are GPL-3
    "readline", "_gdbm", "_dbm", "dbm",
    # the program opens no connection
    "ssl", "_ssl", "grpc", "urllib3", "certifi", "tqdm", "PySide6.QtNetwork", "PySide6.QtWebEngineCore", "PySide6.QtWebEngineWidgets",
    # Qt that the window does not use
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtQuickWidgets", "PySide6.QtSql", "PySide6.QtTest",
    "PySide6.QtDesigner", "PySide6.QtUiTools", "PySide6.QtHelp", "PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets",
    "PySide6.QtXml", "PySide6.QtConcurrent",
    # parts of libraries that only their own developers use
    "ai_edge_litert.tools", "ai_edge_litert.vendors", "ai_edge_litert.aot", "numpy.f2py", "numpy._core._multiarray_tests",
    "matplotlib.tests", "matplotlib.testing", "matplotlib._qhull", "matplotlib._tri", "matplotlib.pyplot",
    "matplotlib.backends.backend_pdf", "matplotlib.backends.backend_ps", "matplotlib.backends.backend_qtagg", "fontTools.ufoLib",
    "pydicom.data.test_files", "PIL.ImageCms", "PIL._imagingcms", "PIL.ImageFont", "PIL._imagingft", "PIL.ImageTk",
    "PIL._imagingtk", "pydoc_data", "_pydecimal",
    # the networks of the training process
    "torch", "onnxruntime", "scipy", "pandas", "sympy",
)  # fmt: skip

PRUNED_FILES = (
    "*WebGpuAccelerator*", "*LiteRtGpuAccelerator*", "*LiteRtClGlAccelerator*", "ai_edge_litert/vendors/*",
    "ai_edge_litert/tools/*", "ai_edge_litert/aot/*",
    "*Qt6Qml*", "*Qt6Quick*", "*Qt6VirtualKeyboard*", "*Qt6WebEngine*", "*Qt6Pdf*", "*Qt6Network*",
    "*Qt6EglF*", "*Qt6Test*", "*Qt6Sql*", "*opengl32sw.dll",
    "*plugins/egldeviceintegrations/*", "*plugins/generic/*", "*plugins/networkinformation/*", "*plugins/tls/*",
    "*plugins/qmltooling/*", "*plugins/sqldrivers/*", "*plugins/printsupport/*", "*plugins/designer/*",
    "*plugins/wayland-graphics-integration-server/*",
    "*plugins/platforms/*eglfs*", "*plugins/platforms/*linuxfb*", "*plugins/platforms/*vkkhrdisplay*",
    "*plugins/platforms/*vnc*", "*plugins/platforms/*minimal*", "*plugins/platforms/*direct2d*",
    "*plugins/platforminputcontexts/*virtualkeyboard*",
    "*plugins/imageformats/*qpdf*", "*plugins/imageformats/*qtga*", "*plugins/imageformats/*qwbmp*",
    "*plugins/imageformats/*qicns*", "*plugins/imageformats/*qtiff*", "*plugins/imageformats/*qwebp*",
    "*Qt/translations/qt_help_*", "*PySide6/translations/qt_help_*",
    "*matplotlib/mpl-data/sample_data/*", "*matplotlib/mpl-data/plot_directive/*",
    "*matplotlib/mpl-data/fonts/afm/*", "*matplotlib/mpl-data/fonts/pdfcorefonts/*",
    "*matplotlib/mpl-data/fonts/ttf/DejaVuSerif*", "*matplotlib/mpl-data/fonts/ttf/DejaVuSansMono*",
    "*matplotlib/mpl-data/fonts/ttf/STIX*", "*matplotlib/mpl-data/fonts/ttf/*Oblique*", "*.dist-info/RECORD",
    # time zones: no time of another zone is shown
    "tzdata/*",
    # LiteRT's other programming interface; C++ libraries for graphics cards and the Store; copies of those in the root
    "ai_edge_litert/libLiteRt.dll", "vcamp140.dll", "vccorlib140.dll", "vcomp140.dll", "concrt140.dll",
    "PySide6/MSVCP140*", "PySide6/VCRUNTIME140*", "shiboken6/MSVCP140*", "shiboken6/VCRUNTIME140*",
    "cv2/data/*", "*opencv_videoio_ffmpeg*", "*/py.typed", "*.pyi",
    # AVIF is not among the formats that are read
    "PIL/_avif*", "*pillow.libs/libavif*",
    # parts of TensorFlow that no training touched
    "tensorflow/compiler/mlir/stablehlo/*", "tensorflow/compiler/tf2xla/ops/*", "tensorflow/include/*",
    "tensorflow/xla_aot_runtime_src/*", "h5py/tests/*", "keras/src/utils/*testing*",
)  # fmt: skip
"""Patterns over the path of a file in the bundle, with forward slashes."""

QT_LANGUAGES = ("es", "en")
"""Qt's own buttons are carried in the languages of the program's catalogues."""

SYSTEM_LIBRARIES = {
    "libc.so.6": "libc6 (>= 2.35)",
    "libm.so.6": "libc6 (>= 2.35)",
    "libdl.so.2": "libc6 (>= 2.35)",
    "librt.so.1": "libc6 (>= 2.35)",
    "libutil.so.1": "libc6 (>= 2.35)",
    "libpthread.so.0": "libc6 (>= 2.35)",
    "ld-linux-x86-64.so.2": "libc6 (>= 2.35)",
    "libstdc++.so.6": "libstdc++6 (>= 12)",
    "libgcc_s.so.1": "libgcc-s1",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
    "libexpat.so.1": "libexpat1",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libOpenGL.so.0": "libopengl0",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb.so.1": "libxcb1",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libXau.so.6": "libxau6",
    "libXdmcp.so.6": "libxdmcp6",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libgio-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
    "libgmodule-2.0.so.0": "libglib2.0-0t64 | libglib2.0-0",
}
"""Libraries of every desktop, never bundled, and the Debian package of each: what the .deb depends on.

The C++ run-time library and expat of the building computer would ask for a newer glibc than the bundle promises.
"""

OPTIONAL_LIBRARIES = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libgtk-3.so.0": "libgtk-3-0t64 | libgtk-3-0",
    "libgdk-3.so.0": "libgtk-3-0t64 | libgtk-3-0",
    "libatk-1.0.so.0": "libgtk-3-0t64 | libgtk-3-0",
    "libcairo.so.2": "libgtk-3-0t64 | libgtk-3-0",
    "libcairo-gobject.so.2": "libgtk-3-0t64 | libgtk-3-0",
    "libgdk_pixbuf-2.0.so.0": "libgtk-3-0t64 | libgtk-3-0",
    "libpango-1.0.so.0": "libgtk-3-0t64 | libgtk-3-0",
    "libpangocairo-1.0.so.0": "libgtk-3-0t64 | libgtk-3-0",
}
"""Libraries of plug-ins that Qt leaves out where they are missing (Wayland, the look of GNOME): only recommended."""

BUNDLED_SYSTEM_LIBRARIES = (
    "libpython3*", "libffi.so*", "libsqlite3.so*", "libcrypto.so*", "liblzma.so*", "libbz2.so*", "libuuid.so*",
    "libxkbcommon.so*", "libxkbcommon-x11.so*", "libxcb-cursor.so*", "libxcb-icccm.so*", "libxcb-image.so*",
    "libxcb-keysyms.so*", "libxcb-render-util.so*", "libxcb-shape.so*", "libxcb-util.so*", "libxcb-xkb.so*",
)  # fmt: skip
"""Libraries of the building computer that go along: Python's own, and Qt's that a desktop may lack."""


def kept(name: str) -> bool:
    """Return whether the file ``name`` (its path in the bundle) goes into the bundle."""
    path = name.replace("\\", "/")
    if any(fnmatch(path, pattern) for pattern in PRUNED_FILES):
        return False
    if "/translations/" in path and path.endswith(".qm"):
        return path.rsplit("_", 1)[-1].removesuffix(".qm") in QT_LANGUAGES
    in_root = "/" not in path
    if in_root and ".so" in path and path.startswith("lib"):
        return any(fnmatch(path, pattern) for pattern in BUNDLED_SYSTEM_LIBRARIES)
    return True
