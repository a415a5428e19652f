"""The data sets. Neither is part of the project: users give their paths."""

import gzip
import hashlib
import json
import struct

import numpy as np

from skipping import skip

# idx3: magic number, then the sizes of three dimensions, big-endian.
IDX_HEADER = struct.Struct(">4i")
IDX_IMAGES = 2051


def _read(path):
    """The bytes of a file, decompressed if its name ends in .gz."""
    try:
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise SystemExit(f"{path}: {error}") from error


def read_reference(options):
    """The reference's retrievals of digits."""
    with open(f"{options.golden}/digits_retrieval.json", encoding="utf-8") as file:
        return json.load(file)


def read_digits(options):
    """Images [1797, 64] of scikit-learn's digits, pixels in [-1, 1]. They are those that the reference had."""
    if not options.digits:
        skip(
            "needs scikit-learn's digits: sklearn/datasets/data/digits.csv.gz in the package."
            "\nGive the file by ENGRAM_DIGITS=FILE make paper, or --digits FILE."
        )
    text = _read(options.digits)
    found, expected = hashlib.sha256(text).hexdigest(), read_reference(options)["data_sha256_of_csv"]
    if found != expected:
        raise SystemExit(f"{options.digits}: got SHA-256 {found}, allowed {expected}, that of the CSV text")
    pixels = np.loadtxt(text.decode("ascii").splitlines(), delimiter=",")[:, :64]
    return pixels / 8 - 1


def read_mnist(options):
    """Images [10000, 784] of MNIST's test set, pixels in [-1, 1] and rounded to float32."""
    if not options.mnist:
        skip(
            "needs MNIST's test images, t10k-images-idx3-ubyte.gz."
            "\nGive the file by ENGRAM_MNIST=FILE make paper, or --mnist FILE."
        )
    data = _read(options.mnist)
    if len(data) < IDX_HEADER.size:
        raise SystemExit(f"{options.mnist}: not a file of images in the idx3 format")
    magic, count, rows, columns = IDX_HEADER.unpack_from(data)
    if magic != IDX_IMAGES or len(data) != IDX_HEADER.size + count * rows * columns:
        raise SystemExit(f"{options.mnist}: not a file of images in the idx3 format")
    pixels = np.frombuffer(data, np.uint8, offset=IDX_HEADER.size).reshape(count, rows * columns)
    return (pixels / 127.5 - 1).astype(np.float32).astype(np.float64)
