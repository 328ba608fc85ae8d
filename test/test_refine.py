# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Refined masks follow the edges of the image, and mask, parts and confidence agree."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import bodypix_ros
from bodypix_ros import BodyPix
from bodypix_ros.inference.kernels import choose_kernels
from bodypix_ros.inference.mediapipe.person_masks import segment_persons
from bodypix_ros.inference.pipeline import Request
from bodypix_ros.parts import BACKGROUND
from bodypix_ros.people import Pose
from bodypix_ros.refine import OPENCV, EdgeFilter, paint_band, refine_segmentation
from bodypix_ros.segmentation import Segmentation
from bodypix_ros.settings import SegmentSettings
from training.scores import boundary_score, overlap

CELL_PX = 16.0


@pytest.fixture(params=['numpy', 'numba'])
def edge_filter(request: pytest.FixtureRequest) -> EdgeFilter:
    """Each implementation of the filter."""
    if request.param == 'numba':
        pytest.importorskip('numba', reason='numba is not installed')
    return choose_kernels(request.param).edge_filter


def segmentation(confidence: NDArray[np.uint8], threshold: float = 0.5, part: int = 12) -> Segmentation:
    """Return a segmentation with one part."""
    mask = confidence > threshold * 255
    return Segmentation(mask, np.where(mask, part, BACKGROUND).astype(np.int8), confidence=confidence)


def shirt_and_coarse_confidence() -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.uint8]]:
    """Return an image of a red ellipse on a blue wall, its mask, and a confidence that lies 6 pixels outside."""
    truth = np.zeros((120, 160), np.uint8)
    cv2.ellipse(truth, (80, 60), (40, 30), 0, 0, 360, 255, -1)
    image = np.where(truth[..., None] > 0, (30, 30, 200), (180, 120, 60)).astype(np.uint8)
    image += np.random.default_rng(0).integers(0, 8, image.shape, np.uint8)
    grown = cv2.dilate(truth, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13)))
    return image, truth > 0, cv2.GaussianBlur(grown, (0, 0), 4)


def test_an_edge_outside_the_shirt_moves_onto_its_edge(edge_filter: EdgeFilter) -> None:
    image, truth, confidence = shirt_and_coarse_confidence()
    before = segmentation(confidence)
    after = refine_segmentation(image, before, 0.5, CELL_PX, edge_filter)
    everywhere = np.ones_like(truth)
    assert overlap(before.mask, truth, everywhere) < 0.8
    assert overlap(after.mask, truth, everywhere) > 0.98


@pytest.mark.parametrize('threshold', [0.1, 0.5, 0.8])
def test_mask_parts_and_confidence_agree(threshold: float, edge_filter: EdgeFilter) -> None:
    image, _, confidence = shirt_and_coarse_confidence()
    after = refine_segmentation(image, segmentation(confidence, threshold), threshold, CELL_PX, edge_filter)
    assert after.confidence is not None
    assert after.parts is not None
    np.testing.assert_array_equal(after.mask, after.confidence > threshold * 255)
    np.testing.assert_array_equal(after.parts >= 0, after.mask)


def test_added_pixels_receive_the_nearest_part(edge_filter: EdgeFilter) -> None:
    image, truth, _ = shirt_and_coarse_confidence()
    shrunk = cv2.erode(truth.astype(np.uint8) * 255, np.ones((9, 9), np.uint8))
    before = segmentation(cv2.GaussianBlur(shrunk, (0, 0), 3))
    assert before.parts is not None
    before.parts[:, :80][before.mask[:, :80]] = 3
    after = refine_segmentation(image, before, 0.5, CELL_PX, edge_filter)
    added = after.mask & ~before.mask
    assert after.parts is not None
    assert added[:, :76].sum() > 300
    assert added[:, 84:].sum() > 300
    assert set(after.parts[:, :76][added[:, :76]]) == {3}  # within a cell of the border, both are equally near
    assert set(after.parts[:, 84:][added[:, 84:]]) == {12}
    np.testing.assert_array_equal(after.parts[before.mask & after.mask], before.parts[before.mask & after.mask])


def test_pixels_far_from_the_edge_keep_their_confidence(edge_filter: EdgeFilter) -> None:
    image, _, confidence = shirt_and_coarse_confidence()
    after = refine_segmentation(image, segmentation(confidence), 0.5, 8.0, edge_filter)
    assert after.confidence is not None
    edge = cv2.morphologyEx((confidence > 127).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    far = cv2.dilate(edge, np.ones((61, 61), np.uint8)) == 0
    assert far.sum() > 1000
    np.testing.assert_array_equal(after.confidence[far], confidence[far])
    assert (after.confidence != confidence).any()


@pytest.mark.parametrize('value', [0, 255])
def test_an_empty_mask_and_one_that_covers_everything_stay(
    astronaut: NDArray[np.uint8], value: int, edge_filter: EdgeFilter
) -> None:
    before = segmentation(np.full(astronaut.shape[:2], value, np.uint8))
    assert refine_segmentation(astronaut, before, 0.5, CELL_PX, edge_filter) is before


def test_the_input_is_not_changed(edge_filter: EdgeFilter) -> None:
    image, _, confidence = shirt_and_coarse_confidence()
    before = segmentation(confidence)
    assert before.parts is not None
    copies = image.copy(), confidence.copy(), before.mask.copy(), before.parts.copy()
    refine_segmentation(image, before, 0.5, CELL_PX, edge_filter)
    for now, then in zip((image, confidence, before.mask, before.parts), copies, strict=True):
        np.testing.assert_array_equal(now, then)


def test_the_confidence_is_required(astronaut: NDArray[np.uint8], edge_filter: EdgeFilter) -> None:
    with pytest.raises(ValueError, match='refining requires the confidence, got None; call segment'):
        refine_segmentation(astronaut, Segmentation(np.ones(astronaut.shape[:2], bool)), 0.5, CELL_PX, edge_filter)


@pytest.mark.parametrize('size', [(1, 1), (1, 300), (300, 1), (3, 16384), (16384, 5), (37, 53), (600, 900)])
@pytest.mark.parametrize('cell_px', [0.5, 6.0, 40.0])
def test_every_size_is_refined(size: tuple[int, int], cell_px: float, edge_filter: EdgeFilter) -> None:
    random = np.random.default_rng(1)
    image = random.integers(0, 256, (*size, 3), np.uint8)
    confidence = cv2.resize(random.integers(0, 256, (9, 9), np.uint8), size[::-1])
    after = refine_segmentation(image[:, ::-1], segmentation(confidence), 0.5, cell_px, edge_filter)
    assert after.confidence is not None
    assert after.parts is not None
    assert after.mask.shape == size
    np.testing.assert_array_equal(after.mask, after.confidence > 127)
    np.testing.assert_array_equal(after.parts >= 0, after.mask)


@pytest.mark.parametrize('size', [(512, 512), (480, 640), (97, 31)])
@pytest.mark.parametrize('cell_px', [1.0, 6.0, 32.0])
def test_numba_agrees_with_opencv(astronaut: NDArray[np.uint8], size: tuple[int, int], cell_px: float) -> None:
    pytest.importorskip('numba', reason='numba is not installed')
    image = cv2.resize(astronaut, size)
    confidence = cv2.resize(bodypix_ros.load(provider='cpu').segment(astronaut, confidence=True).confidence, size)
    before = segmentation(confidence)
    before.parts[:, : size[0] // 2][before.mask[:, : size[0] // 2]] = 3
    ours = refine_segmentation(image, before, 0.5, cell_px, choose_kernels('numba').edge_filter)
    reference = refine_segmentation(image, before, 0.5, cell_px, OPENCV)
    difference = cv2.absdiff(ours.confidence, reference.confidence)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.02
    same = ours.mask == reference.mask
    np.testing.assert_array_equal(ours.parts[same], reference.parts[same])
    np.testing.assert_array_equal(ours.mask, ours.confidence > 127)


def solve_in_float64(colors: NDArray[np.uint8], confidence: NDArray[np.uint8], radius: int) -> NDArray[np.float32]:
    """See `refine.fit_functions`."""
    values = np.dstack([colors, confidence]) / 255
    products = (values[..., :3, None] * values[..., None, :]).reshape(*confidence.shape, 12)
    side = 2 * radius + 1
    means, products = (
        cv2.boxFilter(one, -1, (side, side), borderType=cv2.BORDER_REPLICATE) for one in (values, products)
    )
    covariances = products.reshape(*confidence.shape, 3, 4) - means[..., :3, None] * means[..., None, :]
    gradient = np.linalg.solve(covariances[..., :3] + 1e-4 * np.eye(3), covariances[..., 3:])[..., 0]
    at_black = means[..., 3] - (gradient * means[..., :3]).sum(-1)
    return np.dstack([gradient, at_black]).astype(np.float32)


@pytest.mark.parametrize('colors', ['colour', 'grey', 'black and white'])
def test_the_functions_are_accurate_for_images_without_colours(
    astronaut: NDArray[np.uint8], colors: str, edge_filter: EdgeFilter
) -> None:
    image = astronaut
    if colors != 'colour':
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if colors == 'black and white':
        image = np.where(image > 110, np.uint8(255), np.uint8(0))
    before = segmentation(bodypix_ros.load(provider='cpu').segment(astronaut, confidence=True).confidence)
    for cell_px in (1.0, 16.0):
        after = refine_segmentation(image, before, 0.5, cell_px, edge_filter)
        exact = refine_segmentation(image, before, 0.5, cell_px, EdgeFilter(solve_in_float64, paint_band))
        assert cv2.absdiff(after.confidence, exact.confidence).max() <= 1


@pytest.fixture(scope='module')
def own() -> bodypix_ros.Segmenter:
    return bodypix_ros.load(provider='cpu')


def test_the_setting_is_off_by_default_and_changes_the_edges_only(own, astronaut: NDArray[np.uint8]) -> None:
    plain = own.segment(astronaut)
    refined = own.segment(astronaut, refine=True, confidence=True)
    np.testing.assert_array_equal(own.segment(astronaut, refine=False).mask, plain.mask)
    assert 0.002 < (plain.mask != refined.mask).mean() < 0.03
    np.testing.assert_array_equal(refined.parts >= 0, refined.mask)
    np.testing.assert_array_equal(refined.mask, refined.confidence > 127)


def test_the_confidence_is_returned_only_on_request(own, astronaut: NDArray[np.uint8]) -> None:
    without = own.segment(astronaut, refine=True, parts=False)
    assert without.confidence is None
    assert without.parts is None
    np.testing.assert_array_equal(without.mask, own.segment(astronaut, refine=True, confidence=True).mask)


@pytest.mark.parametrize('size', [(640, 480), (333, 251), (1, 1)])
@pytest.mark.parametrize('kernels', ['numpy', 'numba'])
def test_the_mask_does_not_depend_on_whether_the_confidence_is_returned(
    astronaut: NDArray[np.uint8], size: tuple[int, int], kernels: str
) -> None:
    net, image = bodypix_ros.load(provider='cpu', kernels=kernels), cv2.resize(astronaut, size)
    without, returned = (net.segment(image, refine=True, confidence=one) for one in (False, True))
    assert without.confidence is None
    np.testing.assert_array_equal(without.mask, returned.mask)
    np.testing.assert_array_equal(without.parts, returned.parts)


def test_instances_have_the_pixels_of_the_refined_mask(own, astronaut: NDArray[np.uint8]) -> None:
    found = own.segment(astronaut, refine=True, people=True)
    assert found.people is not None
    assert found.people.persons
    assert not (found.people.labels[~found.mask]).any()
    assert (found.people.labels > 0).sum() == sum(person.area_px for person in found.people.persons)
    assert (found.people.labels > 0).sum() > 0.9 * found.mask.sum()


def test_a_mirrored_image_is_refined_as_the_network_saw_it(own, astronaut: NDArray[np.uint8]) -> None:
    mirrored = own.segment(np.ascontiguousarray(astronaut[:, ::-1]), refine=True, confidence=True)
    flipped = own.segment(astronaut, refine=True, flip_horizontal=True, confidence=True)
    np.testing.assert_array_equal(flipped.mask, mirrored.mask[:, ::-1])
    np.testing.assert_array_equal(flipped.confidence, mirrored.confidence[:, ::-1])


def test_each_image_of_a_batch_is_refined_with_its_own_pixels(own, astronaut: NDArray[np.uint8]) -> None:
    images = [astronaut, astronaut[:300, 50:], np.zeros((40, 30, 3), np.uint8)]
    for image, found in zip(images, own.segment_batch(images, refine=True), strict=True):
        np.testing.assert_array_equal(found.mask, own.segment(image, refine=True).mask)


class Drawn:
    """The mask of one person, as a probability of every pixel."""

    def __init__(self, probability: NDArray[np.float32]) -> None:
        self.probability = probability

    def paste_mask(self, canvas: NDArray[np.float32]) -> None:
        np.maximum(canvas, self.probability, out=canvas)


def test_people_of_mediapipe_have_the_pixels_of_the_refined_mask() -> None:
    image, truth, confidence = shirt_and_coarse_confidence()
    image = np.hstack([image, image])
    probability = np.hstack([confidence, np.zeros_like(confidence)]).astype(np.float32) / 255
    masks = [Drawn(probability), Drawn(np.fliplr(probability))]  # the second has no pose
    pose = Pose(0.9, ())
    request = Request(people=True)
    plain, refined = (
        segment_persons(masks, [pose], image, SegmentSettings(refine=refine), request, 'coco17', 'auto')
        for refine in (False, True)
    )
    assert refined.people is not None
    assert refined.confidence is None
    everywhere = np.ones_like(refined.mask)
    both = np.hstack([truth, truth])
    assert overlap(refined.mask, both, everywhere) > overlap(plain.mask, both, everywhere)
    np.testing.assert_array_equal(refined.people.labels[:, :160], refined.mask[:, :160])
    assert not refined.people.labels[:, 160:].any()
    assert refined.people.persons[0].area_px == refined.mask[:, :160].sum()


def test_boundaries_of_the_official_network_improve_on_photographs(shared: Path, server: str, model_dir: str) -> None:
    folder = shared / 'images' / 'validation'
    if not folder.is_dir():
        pytest.skip(f'needs the photographs in {folder}')
    net = BodyPix.load(
        model_url=server, model_dir=model_dir, allow_download=True, provider='cpu', multiplier=0.75, quant_bytes=2
    )
    with (folder / 'sources.csv').open() as table:
        rows = [row for row in csv.DictReader(table) if not row['ignore']][::8]
    gains = []
    for row in rows:
        image = np.asarray(cv2.imread(str(folder / row['image'])), np.uint8)
        truth = np.asarray(cv2.imread(str(folder / row['mask']), cv2.IMREAD_GRAYSCALE)) > 127
        masks = [net.segment(image, parts=False, refine=refine).mask for refine in (False, True)]
        before, after = (boundary_score(mask, truth, np.ones_like(truth)) for mask in masks)
        gains.append(after - before)
    assert len(gains) >= 10
    assert np.mean(gains) > 0.04
