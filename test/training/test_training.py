# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A short run on the CPU, from photographs to a weights file."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='the training needs PyTorch')
datasets = pytest.importorskip('training.datasets', reason='the training is not beside the package')
skimage_data = pytest.importorskip('skimage.data')

from training import colours, keypoints, photographs, samples, teacher, train  # noqa: E402
from training.bundle import Person, write_bundle  # noqa: E402
from training.network import Network, load_weights  # noqa: E402

SIZE, PEOPLE = 97, 17


@pytest.fixture(scope='module', autouse=True)
def one_thread() -> None:
    """Tensors this small are slower on several threads, and very slow where cores are busy."""
    torch.set_num_threads(1)


@pytest.fixture(scope='module')
def pictures(tmp_path_factory: pytest.TempPathFactory) -> photographs.Photographs:
    """The astronaut with a box and with a mask, and a cup of coffee."""
    astronaut = np.ascontiguousarray(skimage_data.astronaut()[..., ::-1])
    mask = np.zeros(astronaut.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.array([[100, 511], [150, 250], [180, 20], [280, 20], [310, 250], [400, 511]])], 255)
    box = (Person((90.0, 10.0, 410.0, 511.0)),)
    coffee = np.ascontiguousarray(skimage_data.coffee()[..., ::-1])
    entries = [
        datasets.Photograph('astronaut_box', 'boxes', astronaut, box),
        datasets.Photograph('astronaut_mask', 'mask', astronaut, box, mask),
        datasets.Photograph('coffee', 'everyone', coffee, (), np.zeros(coffee.shape[:2], np.uint8)),
    ]
    path = tmp_path_factory.mktemp('bundles') / 'bundle_0.npz'
    write_bundle(path, [datasets.pack(entry, 90) for entry in entries])
    return photographs.open_photographs([path], torch.device('cpu'), threads=1)


@pytest.fixture(scope='module')
def labels(pictures: photographs.Photographs) -> teacher.Labels:
    """Labels as a teacher makes them, but of known values: the left half of each photograph is a person."""
    count = len(pictures)
    masks = torch.zeros(count, 401, 401, dtype=torch.uint8)
    masks[:, :, :200] = 255
    parts = torch.zeros(count, 24, 101, 101, dtype=torch.float16)
    parts[:, 12] = 8.0  # torso_front
    people = torch.zeros(count, 10, PEOPLE, 3)
    people[:, 0] = torch.tensor([100.0, 200.0, 1.0])
    everywhere = torch.full((count, 401, 401), 255, dtype=torch.uint8)
    judged = torch.full((count, 51, 51), 255, dtype=torch.uint8)
    return teacher.Labels(masks, everywhere, parts, people, judged, torch.ones(count, dtype=torch.bool))


def _sampler(pictures: photographs.Photographs, labels: teacher.Labels) -> samples.Sampler:
    return samples.Sampler(pictures, labels, SIZE, colours.Chance(torch.device('cpu'), 3))


def test_what_is_learned_follows_the_photograph_through_the_look(
    pictures: photographs.Photographs, labels: teacher.Labels
) -> None:
    sampler = _sampler(pictures, labels)
    indices = torch.tensor([0, 1, 2])
    linear, origin, mirrored = sampler._look(indices, small=False)
    people = sampler._people(indices, linear, origin, mirrored)
    back = torch.einsum('nij,nkj->nki', linear, people[:, 0, :, :2]) + origin[:, None]
    assert back == pytest.approx(torch.tensor([100.0, 200.0]).expand(3, PEOPLE, 2), abs=0.01)


def test_samples_have_the_shapes_and_ranges_of_the_network(
    pictures: photographs.Photographs, labels: teacher.Labels
) -> None:
    batch = _sampler(pictures, labels).draw(6)
    assert batch.pictures.shape == (6, 3, SIZE, SIZE)
    assert batch.pictures.min() >= -1
    assert batch.pictures.max() <= 1
    assert batch.masks.shape == (6, SIZE, SIZE)
    assert batch.weights.shape == (6, 49, 49)
    assert batch.parts.shape == (6, 24, 25, 25)
    assert batch.pose.offsets.shape == (6, 132, 7, 7)
    assert (batch.parts.argmax(1) == 12).all(), 'a torso is a torso in the mirror'
    assert set(np.round(batch.masks.unique().numpy()).astype(int)) == {0, 1}


def test_pasted_people_hide_the_discs_of_those_behind_them(
    pictures: photographs.Photographs, labels: teacher.Labels
) -> None:
    sampler = _sampler(pictures, labels)
    under, people = sampler._view(torch.tensor([0]), False), sampler._view(torch.tensor([1]), False)
    covering = samples.replace(people, masks=torch.ones_like(people.masks))
    joined = samples._join(under, covering)
    assert torch.equal(joined.heatmaps, people.pose.heatmaps)
    nobody = samples.replace(
        people, masks=torch.zeros_like(people.masks), pose=keypoints.draw_pose(torch.zeros(1, 10, PEOPLE, 3), SIZE)
    )
    assert torch.equal(samples._join(under, nobody).heatmaps, under.pose.heatmaps)


def test_twenty_steps_teach_the_network_and_a_run_continues(
    pictures: photographs.Photographs, labels: teacher.Labels, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    plan = train.Plan(steps=20, batch=4, size=SIZE, rate=2e-2)
    training = train.Training(plan, tmp_path, _sampler(pictures, labels), Network())
    training.train(every=5, weights=tmp_path / 'weights.npz')
    records = [json.loads(line) for line in (tmp_path / train.LOG).read_text().splitlines()]
    assert [record['step'] for record in records] == [5, 10, 15, 20]
    assert records[-1]['parts'] < 0.7 * records[0]['parts']
    assert records[-1]['person'] < records[0]['person']
    network = Network().eval()
    load_weights(network, tmp_path / 'weights.npz')
    assert torch.equal(network.fine.bias, training.average.fine.bias)
    longer = train.Plan(steps=21, batch=4, size=SIZE)
    resumed = train.Training(longer, tmp_path, _sampler(pictures, labels), Network())
    assert resumed.step == 20
    assert torch.equal(resumed.network.fine.bias, training.network.fine.bias)
    resumed.train()
    assert resumed.step == 21


def test_the_teacher_labels_an_astronaut_and_no_coffee(shared: Path, pictures: photographs.Photographs) -> None:
    folder = shared / 'tfjs-models/savedmodel/bodypix/mobilenet'
    small = teacher.Teacher([folder / 'float/050', folder / 'float/050'], torch.device('cpu'))
    labels = small.label(pictures, batch=4)
    masks = labels.masks.float() / 255
    assert masks[0, 250, 180] > 0.5, 'the suit'
    assert masks[0, 30, 380] < 0.2, 'the flag'
    assert masks[2].mean() < 0.02
    nose = labels.people[1, 0, 0]
    assert nose[2] > 0.4
    assert nose[:2] == pytest.approx(torch.tensor([174.0, 94.0]), abs=10)
    assert labels.pose_weights[0, 14, 22] == 255, 'the face is judged'
