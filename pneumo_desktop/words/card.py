"""The words of model cards: a card travels in English, with keys for its figures, and is shown in the program's language.

What a card says that is not known here is shown as it stands: cards come from other computers and later versions, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pneumo_desktop.words.catalogue import N_, tr
from pneumo_desktop.words.sentences import TITLES

_TEXTS: tuple[str, ...] = (
    # Of the bundled model (training.publish)
    N_("Guangzhou Women and Children's Medical Center, 1 to 5 years, AP view"),
    N_(
        "NIH Clinical Center, mostly adults, AP and PA; labels mined from reports, "
        "radiologists agree with about 4 of 10"
    ),
    N_("Not a medical device; it assists a reader and never replaces one."),
    N_("Not tested on patients under 1 year, from 6 to 17 or over 85, nor on films of hospitals other than these two."),
    N_(
        "An exploration before this recipe had looked once at the official Kermany test part and at films of a third kind."
    ),
    N_("Intervals are of these films alone: other seeds of a like recipe moved the AUC of adults by 0.02."),
    N_(
        "Scores are calibrated for these shares of ill and well, children and adults together; for adults alone less well."
    ),
    N_("Full size and 224 pixels: films of children alone, most of them learnt from; adults were not compared."),
    N_("Not tested on newborns, nor on films of hospitals other than these two."),
    N_(
        "Not tested on newborns, on patients from 6 to 17 years or over 85, nor on films of hospitals other than these two."
    ),
    N_(
        "The RSNA normals are held out by image, their patients are not known: some may be of patients it has learnt from."
    ),
    N_("The report part has been read for this network and for earlier ones too; no figure of it is the first look."),
    N_("Adults: 4 of the 117 with pneumonia are 6 to 17 years old; the ages of the RSNA normals are not known."),
    N_("Sensitivity and specificity count an uncertain film on its side of the point."),
    N_(
        "Points: children at a sensitivity of 0.975, adults at a specificity of 0.92, on the choose part; not known midway."
    ),
    N_("as they were mined from reports"),
    N_(
        "Lung Opacity weighted double; pneumonia that radiologists called Normal, and normals that they called "
        "Lung Opacity, are not learnt from"
    ),
    N_(
        "Lung Opacity weighted double; labels of pneumonia that radiologists called Normal, and of normals that they called "
        "Lung Opacity, are not learnt from"
    ),
    N_("patient (RSNA normals: image)"),
    N_("Kermany et al. 2018, CC BY 4.0 (doi 10.17632/rscbjbr9sj)"),
    N_("NIH ChestX-ray14, NIH Clinical Center, Wang et al. 2017"),
    N_("RSNA Pneumonia Detection Challenge normals (academic use, Shih et al. 2019)"),
    N_("Starting weights: EfficientNet-Lite0, ImageNet, Apache-2.0"),
    # Of models trained here (training.finish)
    N_("the clinic's own images, population told: children"),
    N_("the clinic's own images, population told: adults"),
    N_("the clinic's own images, population not told"),
    N_("patient (the image where the patient is not known)"),
    N_("Images of the clinic that trained it"),
    N_("Trained and tested at one clinic. Not a medical device; it assists a reader and never replaces one."),
    N_("Fine-tuned on local images alone: what {model} knew of others was not rehearsed."),
)

_OLDER = {"the clinic's own images, population told: not_known": "the clinic's own images, population not told"}
"""Texts of earlier versions of this program, as they are said now."""

STRENGTHS: Mapping[str, str] = {
    "crop_area": N_("Smallest share of the picture that is kept"), "aspect": N_("Stretching"),
    "rotation_degrees": N_("Turning, degrees"), "flip": N_("Mirroring, chance"), "gamma": N_("Gamma"),
    "contrast": N_("Contrast"), "brightness": N_("Brightness"), "blur": N_("Blur, chance"),
    "sharpen": N_("Sharpening, chance"),
    "resample": N_("Resampling, chance"), "noise": N_("Noise, chance"), "jpeg": N_("JPEG compression, chance"),
    "equalise": N_("Equalising the histogram, chance"), "cut_out": N_("Covering a square, chance"),
    "border": N_("Border, chance"),
    "borrow": N_("Borrowing the look of another film, chance"),
    "surroundings": N_("Changing what is around the lungs, chance"),
}  # fmt: skip
"""How strongly images are changed while a network learns: the strengths of ``training.augment.Augmentation``."""

_KEYS: dict[str, str] = {
    "everyone": N_("Everyone"), "local": N_("The clinic's own images"),
    "gate": N_("The gate for wrong images"), "locked_test": N_("Test, locked"), "metrics": N_("Figures"),
    "at_not_known": N_("At the operating point where the population is not known"),
    "accuracy": N_("Accuracy"), "sensitivity": N_("Sensitivity"), "specificity": N_("Specificity"), "auc": N_("AUC"),
    "auc_all": N_("AUC, images without a verdict counted as wrong"), "auc_raw": N_("AUC, withheld images by their score"),
    "average_precision": N_("Average precision"), "loss": N_("Loss"), "brier": N_("Brier score"),
    "ppv": N_("Positive predictive value"), "npv": N_("Negative predictive value"),
    "calibration_error": N_("Calibration error"), "value": N_("Value"), "low": N_("Lower end of the 95 % interval"),
    "high": N_("Upper end of the 95 % interval"), "normal": N_("Normal images"), "pneumonia": N_("Pneumonia images"),
    "patients": N_("Patients"), "images": N_("Images"), "share": N_("Share"), "method": N_("Method"), "seed": N_("Seed"),
    "band_share": N_("Share of uncertain images"), "uncertain_share": N_("Share of uncertain images"),
    "error_outside_band": N_("Wrong outside the uncertain band"),
    "error_outside_band_half_ill": N_("Wrong outside the uncertain band, were half of the films ill"),
    "error_outside": N_("Wrong outside the uncertain band"),
    "error_inside": N_("Errors among the uncertain images"), "uncertain_band": N_("Uncertain"),
    "pneumonia_found": N_("Of the images with pneumonia: called likely pneumonia"),
    "pneumonia_uncertain": N_("Of the images with pneumonia: called uncertain"),
    "pneumonia_called_normal": N_("Of the images with pneumonia: called likely normal"),
    "normal_called_pneumonia": N_("Of the normal images: called likely pneumonia"),
    "normal_uncertain": N_("Of the normal images: called uncertain"),
    "normal_found": N_("Of the normal images: called likely normal"),
    "matched_pairs": N_("Pairs of one view and file size"), "matched_pairs_ap": N_("Pairs of one file size, AP view"),
    "matched_pairs_pa": N_("Pairs of one file size, PA view"),
    "pneumonia_vs_rsna_normal": N_("Pneumonia against RSNA normals"),
    "opacity_vs_rsna_normal": N_("Pneumonia with an opacity seen by radiologists against RSNA normals"),
    "raw_vs_nih_normal_ap": N_("Pneumonia against NIH normals, AP view, not matched"),
    "raw_vs_nih_normal_pa": N_("Pneumonia against NIH normals, PA view, not matched"),
    "other_look": N_("With half the look of a film of the other class"), "perturbed": N_("After a change of the picture"),
    "auc_fall": N_("Fall of the AUC"), "flipped": N_("Share of verdicts that changed"), "blur": N_("Blurred"),
    "border_and_text": N_("With border and text"), "brighten": N_("Brighter"), "crop": N_("Cropped"),
    "jpeg": N_("Compressed (JPEG)"), "rescale": N_("Scaled"), "rotate": N_("Turned a little"),
    "refused": N_("Refused by the gate"), "agreed": N_("Without those whose label radiologists contradict"),
    "chest_refused": N_("Chest films refused"), "wrong_refused": N_("Wrong images refused"),
    "pieces_refused": N_("Several films in one picture, and parts of one, refused"),
    "side_by_side": N_("Two films side by side"), "above_each_other": N_("Two films above each other"),
    "left_or_right_half": N_("Left or right half"), "upper_or_lower_half": N_("Upper or lower half"),
    "beside_a_lateral": N_("A frontal film beside a lateral one"),
    "wrong_refused_by_kind": N_("Wrong images refused, by kind"), "ct": N_("CT"), "mr": N_("MR"),
    "ultrasound": N_("Ultrasound"), "document": N_("Document"), "drawing": N_("Drawing"), "microscopy": N_("Microscopy"),
    "photo": N_("Photo"), "photo_gray": N_("Grey photo"), "plot": N_("Diagram"), "retina": N_("Retina"),
    "screen": N_("Screenshot"), "texture": N_("Texture"), "wallpaper": N_("Wallpaper"),
    "xray_bone": N_("Radiograph of a bone"), "xray_chest_lateral": N_("Lateral chest radiograph"),
    "xray_hand": N_("Radiograph of a hand"), "xray_hip": N_("Radiograph of a hip"),
    "xray_mammography": N_("Mammogram"), "xray_spine": N_("Radiograph of the spine"),
    "xray_spine_thorax": N_("Radiograph of the thoracic spine"),
    "same_verdict_original_and_copy": N_("Same verdict at full size and at 224 pixels"),
    "largest_move": N_("Largest difference of a score"),
    "without_rsna_normals": N_("The same recipe without the RSNA normals"), "training": N_("Training"),
    "compared_with": N_("Compared with"), "comparison": N_("Comparison"), "auc_difference": N_("Difference in AUC"),
    "auc_new": N_("AUC of the new model"), "auc_old": N_("AUC of the old model"), "mcnemar": N_("McNemar's test"),
    "only_new_right": N_("Right only with the new model"), "only_old_right": N_("Right only with the old model"),
    "p_exact": N_("p, exact"), "p_mid": N_("p, mid"), "verdict": N_("Verdict"), "bootstrap": N_("Bootstrap"),
    "by": N_("Drawn by"), "repeats": N_("Draws"), "confusion": N_("Counts"), "tp": N_("Called pneumonia, right"),
    "fp": N_("Called pneumonia, wrong"), "tn": N_("Called normal, right"), "fn": N_("Called normal, wrong"),
    "normal_not_analysed": N_("Normal, no verdict"), "pneumonia_not_analysed": N_("Pneumonia, no verdict"),
    "counts": N_("Counts"), "fit": N_("To learn from"), "choose": N_("To choose by"), "report": N_("To report on"),
    "train": N_("Training"), "val": N_("Validation"), "test": N_("Test, locked"), "fingerprint": N_("Fingerprint"),
    "nih_labels": N_("Labels of the NIH images"), "split_key": N_("Kept together"), "split_seed": N_("Seed of the split"),
    "kermany": N_("Guangzhou"), "nih": N_("NIH"), "rsna_normal": N_("RSNA normals"),
    "batch": N_("Images a step"), "epochs": N_("Passes"), "steps_per_epoch": N_("Steps a pass"),
    "mean_of": N_("Mean of the weights of these runs"),
    # The settings of a training (job.json and training.fit)
    "architecture": N_("Architecture"), "augmentation": N_("Augmentation"), "averaging": N_("Averaging of the weights"),
    "best_epoch": N_("Best pass"), "cache_mb": N_("Room for prepared images, MB"),
    "calm": N_("Share of the steps, at the end, with images changed half as much"),
    "class_weighting": N_("Both classes count the same"), "dropout": N_("Dropout"),
    "early_stopping": N_("Stop after epochs without gain"), "patience": N_("Stop after epochs without gain"),
    "frozen_blocks": N_("Blocks that do not learn"), "goal": N_("Your goal"), "kind": N_("Kind"),
    "label_smoothing": N_("Label smoothing"), "learning_rate": N_("Learning rate"),
    "mapping": N_("Class folders"), "mixed_epoch": N_("Pass whose weights are mixed in"),
    "mixed_share": N_("Share of the weights mixed in"), "norms_still": N_("Batch normalisation stands still"),
    "parts": N_("Parts"), "population": N_("Population"), "quotas": N_("Images of each kind in a step"),
    "rehearsal_images": N_("Remembered images learnt with"),
    "second_head_pull": N_("Pull on the second head"),
    "share_of_population_direction": N_("Share of the head that told children from adults"),
    "logits_stretched_by": N_("Logits stretched by"), "mixup": N_("Mixup (0: films are not mixed)"),
    "size": N_("Image size"), "of_package": N_("Of the model"), "steps": N_("Steps"),
    "pretraining": N_("Pretraining without labels (VICReg)"), "weights": N_("Fingerprint of the weights"),
    "threads": N_("Threads (0: as many as there are)"), "weight_decay": N_("Weight decay"),
    # What the reader decided of a model (gui.training.accepted, models.worse)
    "accepted_although_worse": N_("Accepted although worse, because"), "operating_point": N_("Operating point"),
    "picked_by": N_("Picked by"), "counted_on": N_("Counted on"), "instead_of": N_("Instead of"),
    "locked_test_before": N_("Test, locked, at the point before"), "threshold": N_("Threshold"),
}  # fmt: skip

_VALUES = {
    "better": N_("The new model is better."), "no_worse": N_("The new model is no worse."),
    "worse": N_("The new model is worse."), "too_few": N_("There are too few images to tell the models apart."),
    "neither": N_("Neither model is of use on these images."),
    "patient": N_("patient"), "bootstrap_by_patient": N_("bootstrap by patient"),
    "wilson_by_patient": N_("Wilson, by patient"),
    "adapt": N_("Adapt the current model"), "fine-tune": N_("Fine-tune the whole network"),
    "transfer": N_("From ImageNet weights"), "compact": N_("Compact CNN"), "classic": N_("Classic CNN"),
    "new": N_("drawn anew"), "folder": N_("as the folders have them"),
    "miss_at_most": N_("Miss at most this share of pneumonia"),
    "false_alarms_at_most": N_("Alarm at most about this share of normals"), "most_right": N_("Most right verdicts"),
    "reader": N_("the reader"), "validation part": N_("the validation part"),
    "normal": N_("normal"), "pneumonia": N_("pneumonia"),
}  # fmt: skip
"""Values that are codes."""

_LABELS = {"0": N_("normal"), "1": N_("pneumonia")}


def text_in_words(text: str) -> str:
    """Return a text of a card in the language in use; an unknown one as it is."""
    text = _OLDER.get(text, text)
    if text in _TEXTS:
        return tr(text)
    for codes in (_VALUES, TITLES):
        if text in codes:
            return tr(codes[text])
    for known in _TEXTS:
        if "{model}" in known:
            before, after = known.split("{model}")
            found = re.fullmatch(f"{re.escape(before)}(.{{1,80}}){re.escape(after)}", text)
            if found:
                return tr(known).format(model=found[1])
    return text


def key_in_words(key: str, inside: str = "") -> str:
    """Return the name of a figure, a count (``nih:1``: of a source and a label) or a setting in words.

    inside: the key that it stands under. An unknown key is shown as it is, and so is a folder's name.
    """
    if inside == "mapping":
        return key
    if inside == "augmentation" and key in STRENGTHS:
        return tr(STRENGTHS[key])
    if key in TITLES:
        return tr(TITLES[key])
    if key in _KEYS:
        return tr(_KEYS[key])
    source, colon, label = key.partition(":")
    if colon and source in _KEYS and label in _LABELS:
        return f"{tr(_KEYS[source])}, {tr(_LABELS[label])}"
    return key
