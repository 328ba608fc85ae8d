# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Train the network: `python -m training.train RUN --bundles FILE... --bodypix FOLDER FOLDER`.

Started again with the same folder, a run continues from its checkpoint.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .colours import Chance
from .export import CHECKPOINT, to_arrays, write_weights
from .log import Log, draw_curves
from .losses import losses, total
from .network import Network, load_weights
from .photographs import open_photographs
from .samples import Sampler
from .teacher import Teacher

LOG = 'log.jsonl'
_WARM_UP_STEPS = 100
_LAST_RATE = 0.002
"""Share of the peak learning rate at the end."""

_CUDNN_ALGORITHMS = 4
"""Algorithms that cuDNN tries for each convolution: trying all takes a minute."""


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        seconds: time to train for; the learning rate follows the clock.
        steps: steps to train for instead, 0 for none.
        batch: samples of each step. 256 of 289 pixels need 81 GiB on a GPU.
        size: of a sample, pixels; a multiple of 32, plus one.
        rate: peak learning rate of the decoder.
        encoder_rate: share of it for the encoder, which starts from trained weights.
        decay: of the weights of convolutions.
        average: weight of the past in the average of the weights.
        seed: of all chance.
    """

    seconds: float = 480.0
    steps: int = 0
    batch: int = 256
    size: int = 289
    rate: float = 2e-3
    encoder_rate: float = 0.6
    decay: float = 0.02
    average: float = 0.999
    seed: int = 1

    def rate_at(self, progress: float, step: int) -> float:
        """Return the learning rate: a short rise, then half a cosine over the progress 0..1."""
        cosine = 0.5 * (1 + math.cos(math.pi * progress)) + _LAST_RATE
        return self.rate * min(1.0, (step + 1) / _WARM_UP_STEPS) * cosine


class Training:
    """A run.

    Args:
        plan: how to train.
        run: folder of the checkpoint, the log and the curves.
        sampler: of the batches.
        network: the network to train, on its device.
    """

    def __init__(self, plan: Plan, run: Path, sampler: Sampler, network: Network) -> None:
        self.plan, self.run, self.sampler, self.network = plan, run, sampler, network
        self.device = next(network.parameters()).device
        self.average = copy.deepcopy(network).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(_groups(network, plan), lr=plan.rate, fused=self.device.type == 'cuda')
        self.step, self.seconds = 0, 0.0
        if (run / CHECKPOINT).is_file():
            self._resume()

    @property
    def progress(self) -> float:
        """Share of the training that is done, 0..1."""
        done = self.step / self.plan.steps if self.plan.steps else self.seconds / self.plan.seconds
        return min(done, 1.0)

    def train(self, every: int = 100, save_seconds: float = 120.0, weights: Path | None = None) -> None:
        """Train until the plan is fulfilled.

        Args:
            every: steps between lines of the log.
            save_seconds: time between checkpoints.
            weights: file for the averaged weights, written with each checkpoint.
        """
        self.network.train()
        log, saved = Log(self.run / LOG), self.seconds
        start = time.monotonic() - self.seconds
        while self.progress < 1:
            log.add(self._step())
            self.seconds = time.monotonic() - start
            if self.step % every == 0 or self.progress >= 1:
                log.write(self.plan.batch, step=self.step, seconds=round(self.seconds, 1))
            if self.seconds - saved > save_seconds:
                saved = self.seconds
                self.save(weights)
        self.save(weights)

    def save(self, weights: Path | None) -> None:
        """Write the checkpoint, and the averaged weights if a file is given."""
        state = {
            'plan': asdict(self.plan),
            'network': self.network.state_dict(),
            'average': self.average.state_dict(),
            'optimizer': self.optimizer.state_dict(),
            'step': self.step,
            'seconds': self.seconds,
        }
        part = self.run / f'{CHECKPOINT}.part'
        torch.save(state, part)
        part.replace(self.run / CHECKPOINT)
        if weights:
            write_weights(weights, to_arrays(self.average.state_dict()))

    def _step(self) -> dict[str, Tensor]:
        rate = self.plan.rate_at(self.progress, self.step)
        for group in self.optimizer.param_groups:
            group['lr'] = rate * group['scale']
        with torch.no_grad():
            samples = self.sampler.draw(self.plan.batch)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == 'cuda'):
            fine, pose = self.network(samples.pictures.contiguous(memory_format=torch.channels_last))
        parts = losses(fine.float(), pose.float(), samples)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(total(parts))
        nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimizer.step()
        self.step += 1
        self._update_average()
        return parts

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.plan.average, (1 + self.step) / (10 + self.step))
        pairs = zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True)
        floating = [(mean, now) for mean, now in pairs if mean.is_floating_point()]
        torch._foreach_lerp_([mean for mean, _ in floating], [now for _, now in floating], 1 - decay)

    def _resume(self) -> None:
        """Continue from the checkpoint. Chance continues from another place, which does no harm."""
        state: dict[str, Any] = torch.load(self.run / CHECKPOINT, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state['network'])
        self.average.load_state_dict(state['average'])
        self.optimizer.load_state_dict(state['optimizer'])
        self.step, self.seconds = state['step'], state['seconds']
        print(f'continuing after step {self.step}', flush=True)


def _groups(network: Network, plan: Plan) -> list[dict[str, Any]]:
    """Group the parameters: the encoder learns more slowly, and only weights of whole convolutions decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        key = name.startswith('enc.'), parameter.ndim == 4 and parameter.shape[1] > 1
        groups.setdefault(key, []).append(parameter)
    return [
        {
            'params': parameters,
            'weight_decay': plan.decay if decaying else 0.0,
            'scale': plan.encoder_rate if encoder else 1.0,
        }
        for (encoder, decaying), parameters in groups.items()
    ]


def start_network(imagenet: Path | None, weights: Path | None, device: torch.device) -> Network:
    """Return a network that starts from ImageNet's weights of the encoder, or from a weights file."""
    network = Network()
    if imagenet:
        network.enc.load_imagenet(imagenet)
    if weights:
        load_weights(network, weights)
    network.to(device)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _timed(start: float) -> Iterator[str]:
    while True:
        yield f'[{time.monotonic() - start:6.1f} s]'


def main() -> None:
    """Label the photographs and train."""
    parser = argparse.ArgumentParser(prog='python -m training.train', description=__doc__)
    parser.add_argument('run', type=Path, help='folder of the run: checkpoint, log, curves')
    parser.add_argument('--bundles', nargs='+', type=Path, required=True, help='files of training.datasets')
    parser.add_argument('--bodypix', nargs=2, type=Path, required=True, help='checkpoints of BodyPix 0.75 and 1.00')
    parser.add_argument('--imagenet', type=Path, help='EfficientNet-Lite0 weights to start from (.pth)')
    parser.add_argument('--weights', type=Path, help='weights file to start from (.npz)')
    parser.add_argument('--output', type=Path, help='weights file to write with every checkpoint (.npz)')
    parser.add_argument('--limit', type=int, default=0, help='photographs to take of each bundle, 0 for all')
    parser.add_argument('--until', type=float, default=0.0, help='time.time() to stop at, instead of --seconds')
    for name, value in asdict(Plan()).items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=type(value), default=value)
    options = parser.parse_args()
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    torch.backends.cudnn.benchmark_limit = _CUDNN_ALGORITHMS
    clock = _timed(time.monotonic())
    photographs = open_photographs(options.bundles, device, options.limit)
    print(next(clock), f'{len(photographs)} photographs decoded', flush=True)
    labels = Teacher(options.bodypix, device).label(photographs)
    print(next(clock), f'labelled; {int(labels.pasteable.sum())} people can be pasted', flush=True)
    torch.backends.cudnn.benchmark = device.type == 'cuda'
    values = {name: getattr(options, name) for name in asdict(Plan())}
    if options.until:
        values['seconds'] = options.until - time.time()
    plan = Plan(**values)
    options.run.mkdir(parents=True, exist_ok=True)
    sampler = Sampler(photographs, labels, plan.size, Chance(device, plan.seed))
    training = Training(plan, options.run, sampler, start_network(options.imagenet, options.weights, device))
    training.train(weights=options.output)
    print(next(clock), f'trained for {training.step} steps', flush=True)
    draw_curves(options.run / LOG, options.run / 'curves.png')


if __name__ == '__main__':
    main()
