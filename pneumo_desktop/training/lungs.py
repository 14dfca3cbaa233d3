"""Where the lungs are on a film, simply, and films with other surroundings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pneumo_desktop.opencv import cv2

LARGEST_LUNG = 0.22
"""Of the picture; a larger dark region is more than one lung."""

MASK_SIDE = 128
"""Pixels a side at which ``with_other_surroundings`` looks for the lungs."""

Picture = npt.NDArray[np.uint8]


def lung_mask(picture: Picture) -> npt.NDArray[np.bool_]:
    """Return where the lungs are on ``picture`` (S, S) uint8: the largest dark region of each half, made convex."""
    size = picture.shape[0]
    even = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(4, 4)).apply(cv2.GaussianBlur(picture, (0, 0), size / 80))
    chest = np.zeros((size, size), bool)
    chest[int(0.06 * size) : int(0.92 * size), int(0.07 * size) : int(0.93 * size)] = True
    level, _ = cv2.threshold(even[chest].reshape(-1, 1), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    dark = ((even < level) & chest).astype(np.uint8)
    # The air beside the body is dark too, and touches the edge of the film.
    outside = np.pad((even < 0.6 * level).astype(np.uint8), 1, constant_values=1)
    _, places = cv2.connectedComponents(outside)
    dark[places[1:-1, 1:-1] == places[0, 0]] = 0
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size // 30, size // 30))
    dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, kernel)
    left, right = _field(dark, slice(0, size // 2)), _field(dark, slice(size // 2, size))
    # A lung that is white or was not found lies about where the other one's mirror image is.
    if left.sum() < 0.6 * right.sum():
        left |= right[:, ::-1]
    elif right.sum() < 0.6 * left.sum():
        right |= left[:, ::-1]
    return left | right


def _field(dark: npt.NDArray[np.uint8], half: slice) -> npt.NDArray[np.bool_]:
    """Return the largest dark region of one half that is no larger than a lung, made convex; empty where there is none."""
    side = np.zeros_like(dark)
    side[:, half] = dark[:, half]
    outlines, _ = cv2.findContours(side, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    field = np.zeros_like(dark)
    for outline in sorted(outlines, key=cv2.contourArea, reverse=True):
        hull = cv2.convexHull(outline)
        compact = cv2.contourArea(outline) > 0.6 * cv2.contourArea(hull)
        middle = hull[:, 0, 0].mean() / dark.shape[1]
        if compact and 0.12 < middle < 0.88 and cv2.contourArea(hull) < LARGEST_LUNG * dark.size:
            cv2.fillConvexPoly(field, hull, 1)
            break
    return field.astype(bool)


def with_other_surroundings(picture: Picture, donor: Picture | None, rng: np.random.Generator) -> Picture:
    """Return ``picture`` (H, W) uint8 whose lungs are as they were, and around them another film or a blur.

    Tubes, leads, markers, arms and the edge of the film then tell less of the label (cf. Xiao et al., "Noise or
    signal: the role of image backgrounds", ICLR 2021). A margin of 3 to 8 % of the picture stays around the lungs: the heart's edge, the
    pleura and the angles are read too. Where no lungs are found the picture stays as it is. ``donor`` (H', W') uint8: the other film.
    """
    height, width = picture.shape
    small = cv2.resize(picture, (MASK_SIDE, MASK_SIDE), interpolation=cv2.INTER_AREA)
    lungs = lung_mask(small)
    if not lungs.any():
        return picture
    margin = 2 * int(MASK_SIDE * rng.uniform(0.03, 0.08)) + 1
    wide = cv2.dilate(lungs.astype(np.float32), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (margin, margin)))
    soft = cv2.resize(cv2.GaussianBlur(wide, (0, 0), MASK_SIDE / 40), (width, height), interpolation=cv2.INTER_LINEAR)
    other = rng.random() < 0.5
    around = (
        donor
        if donor is not None and other
        else cv2.GaussianBlur(small, (0, 0), MASK_SIDE * float(rng.uniform(0.04, 0.10)))
    )
    around = cv2.resize(around, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.rint(soft * picture + (1 - soft) * around), np.uint8)
