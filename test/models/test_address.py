"""Where weights come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from bodypix_ros.errors import SettingError
from bodypix_ros.models.address import local_path, server_address
from bodypix_ros.settings import OFFICIAL_SERVER, NetworkSettings


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('BODYPIX_MODEL_URL', raising=False)


def test_the_official_server_is_asked_by_default() -> None:
    assert server_address(NetworkSettings()) == OFFICIAL_SERVER


def test_the_environment_names_another_server_and_the_setting_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('BODYPIX_MODEL_URL', 'https://mirror.example/models')
    assert server_address(NetworkSettings()) == 'https://mirror.example/models'
    assert server_address(NetworkSettings(model_url='file:///srv/models')) == 'file:///srv/models'


@pytest.mark.parametrize(
    'ending', ['', '/', '/savedmodel', '/savedmodel/', '/savedmodel/bodypix', '/savedmodel/bodypix/']
)
def test_an_address_inside_the_tree_is_led_to_its_top(ending: str) -> None:
    assert server_address(NetworkSettings(model_url=f'https://mirror.example/a{ending}')) == 'https://mirror.example/a'


@pytest.mark.parametrize(
    ('address', 'text'),
    [
        ('ftp://mirror.example/a', "model_url must be an https:, http: or file: address, got 'ftp://mirror.example/a'"),
        ('/srv/models', "got '/srv/models'; a folder is written file:///its/path"),
        ('file://srv/models', "model_url must be file:///an/absolute/path, got 'file://srv/models'"),
        ('https:///models', "model_url must name a server, got 'https:///models'"),
    ],
)
def test_other_addresses_are_refused(address: str, text: str) -> None:
    with pytest.raises(SettingError) as raised:
        server_address(NetworkSettings(model_url=address))
    assert text in str(raised.value)


def test_a_wrong_environment_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('BODYPIX_MODEL_URL', 'models')
    with pytest.raises(SettingError, match="BODYPIX_MODEL_URL must be an https:, http: or file: address, got 'models'"):
        server_address(NetworkSettings())


def test_file_addresses_become_paths() -> None:
    assert local_path('file:///srv/my%20models') == Path('/srv/my models')
    assert local_path('https://mirror.example/a') is None
