"""Which network weights are of."""

from __future__ import annotations

import pytest

from bodypix_ros.errors import ModelError, SettingError
from bodypix_ros.models.bodypix.fit import check_fit, recognise

RESNET = {'resnet_v1_50/conv1/weights': (7, 7, 3, 64)}


@pytest.mark.parametrize(('channels', 'multiplier'), [(8, 0.25), (16, 0.5), (24, 0.75), (32, 1.0)])
def test_the_first_convolution_tells_the_multiplier(channels: int, multiplier: float) -> None:
    shapes = {'MobilenetV1/Conv2d_0/weights': (3, 3, 3, channels)}
    assert recognise(shapes, 'weights') == ('mobilenet_v1', multiplier)
    check_fit(shapes, 'mobilenet_v1', multiplier, 'weights')


def test_a_resnet_is_known_by_its_first_layer_and_fits_any_multiplier() -> None:
    assert recognise(RESNET, 'weights') == ('resnet50', 1.0)
    check_fit(RESNET, 'resnet50', 0.75, 'weights')


def test_another_width_is_refused_with_both() -> None:
    with pytest.raises(SettingError) as raised:
        check_fit({'MobilenetV1/Conv2d_0/weights': (3, 3, 3, 32)}, 'mobilenet_v1', 0.5, '/weights')
    assert str(raised.value) == (
        '/weights holds weights of MobileNetV1 1.00, but the settings ask for MobileNetV1 0.50; set architecture to '
        'mobilenet_v1 and multiplier to 1'
    )


def test_another_architecture_is_refused_with_both() -> None:
    with pytest.raises(SettingError) as raised:
        check_fit(RESNET, 'mobilenet_v1', 0.75, '/weights')
    assert str(raised.value) == (
        '/weights holds weights of ResNet50, but the settings ask for MobileNetV1 0.75; set architecture to resnet50'
    )


def test_other_weights_are_no_bodypix_checkpoint() -> None:
    with pytest.raises(ModelError, match='/weights is not a BodyPix checkpoint: it has neither MobilenetV1/Conv2d_0'):
        recognise({'dense/kernel': (3, 4)}, '/weights')
    with pytest.raises(ModelError, match=r'it has MobilenetV1/Conv2d_0/weights of shape \(3, 3, 3, 20\)'):
        recognise({'MobilenetV1/Conv2d_0/weights': (3, 3, 3, 20)}, '/weights')
