"""A sentence for every code: what happened, and what to do. The codes come from all rooms; the words live here."""

from __future__ import annotations

from pneumo_desktop.words.catalogue import N_, tr

TITLES: dict[str, str] = {
    "likely_pneumonia": N_("Likely pneumonia"),
    "uncertain": N_("Uncertain"),
    "likely_normal": N_("Likely normal"),
    "not_analysed": N_("Not analysed"),
    "children": N_("Children"),
    "adults": N_("Adults"),
    "not_known": N_("Not known"),
}

TRAINING_STAGES: dict[str, str] = {
    "preparing": N_("Preparing the images…"),
    "features": N_("Looking at the images with the current network…"),
    "fitting": N_("Learning…"),
    "calibrating": N_("Calibrating the score…"),
    "gate": N_("Learning which images to refuse…"),
    "testing": N_("Reading the locked test part…"),
    "writing": N_("Writing the model…"),
}

SENTENCES: dict[str, str] = {
    # Outcomes
    "likely_pneumonia": N_("The picture looks like the pneumonia images that the model has learnt from."),
    "uncertain": N_("The score lies too near the operating point for an answer. Please read this image yourself."),
    "likely_normal": N_("The picture looks like the normal images that the model has learnt from."),
    "not_analysed": N_("This image was not analysed."),
    # Reasons
    "unreadable": N_("The file could not be read."),
    "too_small": N_("The image is too small to be judged. Please use the original file instead of a preview of it."),
    "not_chest_frontal": N_("This does not look like a frontal chest radiograph, so it was not judged."),
    "photo_of_film": N_(
        "This looks like a photo of a film. Please export the digital file, or scan the film; if there is no other way, "
        "photograph it straight on, filling the picture, without flash or reflections."
    ),
    "inverted": N_("The picture is a negative and could not be repaired."),
    "outside_population": N_(
        "The model was not made for this patient, so the verdict is withheld; the score is shown."
    ),
    "quality": N_("The picture is not good enough to be judged."),
    # Details of a refusal
    "not_chest": N_("It is unlike every chest film the model has learnt from."),
    "not_one_film": N_(
        "It looks like several films in one picture, or a part of one. Please save each whole film by itself."
    ),
    "modality": N_("The DICOM file says that it is not a plain radiograph."),
    "body_part": N_("The DICOM file names another part of the body."),
    "lateral": N_("The DICOM file says that it is a lateral view. The model reads frontal views only."),
    "colour": N_("It is a colour picture, and radiographs are grey."),
    "constant": N_("The picture is empty: every pixel has the same value."),
    "age": N_("The model has no figures for patients of this age. You can adapt the model to your own images."),
    "no_operating_point": N_(
        "The data do not support a verdict for these patients. You can adapt the model to your own images."
    ),
    # Unreadable files
    "empty": N_("The file is empty."),
    "unknown_format": N_("The content is no image format that this program knows."),
    "truncated": N_("The file ends too early: it was not copied completely. Please copy it again."),
    "damaged": N_("The content of the file is damaged. Please copy or export it again."),
    "too_large": N_("The image claims to be larger than this program accepts."),
    "bomb": N_("The content would grow to an unreasonable size, so it was not opened."),
    "no_pixels": N_("The DICOM file holds no picture."),
    "unsupported_encoding": N_("The picture inside the file is encoded in a way that this program cannot read."),
    "encrypted": N_("The content is protected by a password. Please unpack it first."),
    "missing": N_("The file is not there any more."),
    "no_permission": N_("You have no permission to read this file."),
    "io": N_("The medium could not be read. Please check the disk or the stick."),
    "not_a_file": N_(
        "This is no ordinary file, or its name is not one that a file can have. Please copy it under another name."
    ),
    "no_decoder": N_(
        "The part of this program that reads such pictures does not start here; the file may be sound. Please start the "
        "program again, or install it again."
    ),
    "changed": N_("This file has changed since it was read. Read it again."),
    # Files that were left out
    "not_an_image": N_("No image, left out."),
    "cd_index": N_("The index of a CD: no image itself."),
    "too_deep": N_("Too many folders inside each other, left out."),
    "zip_bomb": N_("An archive that would grow to an unreasonable size, left out."),
    "zip_encrypted": N_("An archive with a password, left out. Please unpack it first."),
    "zip_damaged": N_("A damaged archive, left out. Please copy it again."),
    "link_loop": N_("A link that leads back into its own folder, left out."),
    # Notes
    "exif_orientation": N_("Turned as the camera recorded it."),
    "first_frame_shown": N_("The file has several frames; the first one was read."),
    "window_ignored": N_("The window in the file shows nothing; the full range of values is used."),
    "alpha_flattened": N_("Transparent parts are shown black."),
    "colour_made_grey": N_("A colour file, shown in grey."),
    "age_unclear": N_("The patient's age in the file cannot be understood."),
    "padding_cut": N_("The empty margin that the file declares was cut off."),
    "bits_beyond": N_("The file holds larger values than its header allows: parts of the picture may be wrong."),
    "analysed_outside": N_("Judged at the user's wish, although the patient lies outside the model's population."),
    "not_read_again": N_("The file could not be read again: this is the earlier result."),
    "turned": N_("The film stood sideways or upside down and was turned before it was read."),
    "was_inverted": N_("The film was a negative and was inverted before it was read."),
    # Model packages
    "not_a_package": N_("This file is not a model package."),
    "member": N_("The model package holds something that does not belong there, or a part is missing."),
    "hash": N_("The model package was changed or damaged after it was made. Please copy it again."),
    "card": N_("The card of the model package is not valid."),
    "arrays": N_("The numbers in the model package are not valid."),
    "network": N_("The network in the model package does not open, or is not what its card says."),
    "reference": N_("The model package does not give its own reference scores on this computer."),
    "evidence": N_(
        "The model was made by another version of this program: it reads images here, but neither learns on nor becomes "
        "a network for other programs. Choose another model to start from, or train from scratch."
    ),
    "preprocessing": N_("The model package was made for another version of this program."),
    "id_taken": N_("A different model with the same name is already installed."),
    # For every screen
    "no_model": N_("No model could be opened. Please choose or import another model, or install the program again."),
    "disclaimer": N_("Assists a reader and never replaces one. Not a medical device."),
    "heat_map_empty": N_("No colour to see: nothing here spoke clearly for pneumonia."),
    "heat_map": N_("Where the network looked, not where disease is."),
}


def title(code: str) -> str:
    """Return the short words for an outcome or a population."""
    return tr(TITLES.get(code, code))


def sentence(code: str) -> str:
    """Return the sentence for a code; an unknown code gets a general one that names it."""
    if code in SENTENCES:
        return tr(SENTENCES[code])
    return tr("Something happened that has no words yet ({code}).").format(code=code)


def training_stage(code: str) -> str:
    """Return what the training program does in the stage ``code``; the code itself where it is not known."""
    return tr(TRAINING_STAGES[code]) if code in TRAINING_STAGES else code
