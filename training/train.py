"""Teach the student: `python -m training.train RUN --cache CACHE`. Started again, it goes on where it was stopped."""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from .average import Average
from .curves import draw_curves
from .examination import examine, held_out
from .losses import losses, total
from .pictures import Pictures, open_pictures
from .samples import Samples
from .schedule import learning_rate, sample_size
from .student import Student
from .teacher import Targets, open_targets

CHECKPOINT, LOG = 'checkpoint.pt', 'log.jsonl'
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """How to learn.

    Attributes:
        multiplier: width of the student.
        epochs: passes over the pictures; of no meaning where `minutes` is given.
        minutes: time to learn, 0 for no limit; then learning rate and sample size follow the clock.
        batch: samples of one process for each step.
        processes: how many learn together. On CPUs, one for each core does better than threads.
        workers: for each process, others that prepare samples; 0 where it does so itself.
        peak: the highest learning rate.
        decay: of weights.
        seed: of all chance.
    """

    multiplier: float = 0.25
    epochs: int = 300
    minutes: float = 0.0
    batch: int = 32
    processes: int = 1
    workers: int = 0
    peak: float = 4e-3
    decay: float = 0.02
    seed: int = 1


class Training:
    """One process's share of the training.

    Args:
        plan: how to learn.
        run: folder of checkpoint, log and curves.
        pictures: all of them.
        targets: the teacher's opinion of them.
        rank: number of this process; the first one keeps checkpoint and log.
    """

    def __init__(self, plan: Plan, run: Path, pictures: Pictures, targets: Targets, rank: int) -> None:
        self.plan, self.run, self.pictures, self.targets, self.rank = plan, run, pictures, targets, rank
        torch.manual_seed(plan.seed)
        self.device = torch.device('cuda', rank) if torch.cuda.is_available() else torch.device('cpu')
        self.student = Student(plan.multiplier).to(self.device, memory_format=torch.channels_last)
        self.average = Average(self.student, 0.998)
        self.optimizer = torch.optim.AdamW(_groups(self.student, plan.decay), lr=plan.peak)
        self.learned, self.examined = held_out(len(pictures))
        self.epoch, self.step, self.seconds = 0, 0, 0.0
        if (run / CHECKPOINT).is_file():
            self._resume()

    @property
    def progress(self) -> float:
        """Share of the training that is done, 0..1."""
        if self.plan.minutes:
            return min(self.seconds / 60 / self.plan.minutes, 1.0)
        return min(self.epoch / self.plan.epochs, 1.0)

    def learn(self) -> None:
        """Learn until the plan is fulfilled."""
        with tqdm(total=100, initial=round(self.progress * 100), unit='%', disable=self.rank > 0) as bar:
            while self.progress < 1:
                record = self._learn_epoch()
                if self.rank == 0:
                    self._keep(record)
                    bar.n = round(self.progress * 100)
                    bar.set_postfix(epoch=self.epoch, loss=record['loss'], iou=record.get('held_out_person_iou'))

    def _learn_epoch(self) -> dict[str, Any]:
        size, started = sample_size(self.progress), time.monotonic()
        self.student.train()
        sums: dict[str, float] = {}
        steps = 0
        for batch in self._batches(size):
            rate = learning_rate(self.progress, self.plan.peak)
            for group in self.optimizer.param_groups:
                group['lr'] = rate
            parts = self._step({name: value.to(self.device) for name, value in batch.items()})
            for name, value in parts.items():
                sums[name] = sums.get(name, 0.0) + float(value)
            steps += 1
        self._advance(time.monotonic() - started)
        record = {
            'epoch': self.epoch,
            'step': self.step,
            'minutes': round(self.seconds / 60, 2),
            'size': size,
            'lr': rate,
        }
        record |= {name: round(value / steps, 5) for name, value in sums.items()}
        record['samples_per_s'] = round(steps * self.plan.batch * self.plan.processes / (time.monotonic() - started), 1)
        return record

    def _advance(self, seconds: float) -> None:
        """Count an epoch; all processes go by the first one's clock."""
        self.epoch += 1
        elapsed = torch.tensor([seconds], dtype=torch.float64)
        if self.plan.processes > 1:
            distributed.broadcast(elapsed, 0)
        self.seconds += float(elapsed)

    def _batches(self, size: int) -> DataLoader[dict[str, Tensor]]:
        plan = self.plan
        order = np.random.default_rng((plan.seed, self.epoch)).permutation(self.learned)
        whole = len(order) // (plan.batch * plan.processes) * plan.batch * plan.processes
        mine = order[:whole][self.rank :: plan.processes]
        samples = Samples(self.pictures, self.targets, size, plan.seed, self.epoch)
        return DataLoader(Subset(samples, mine.tolist()), plan.batch, num_workers=plan.workers)

    def _step(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        pictures = batch.pop('picture').to(memory_format=torch.channels_last).float() / 127.5 - 1
        with torch.autocast('cuda', torch.bfloat16, enabled=self.device.type == 'cuda'):
            output = self.student(pictures)
        parts = losses(output.float(), batch)
        loss = total(parts)
        self.optimizer.zero_grad()
        loss.backward()
        self._share_gradients()
        nn.utils.clip_grad_norm_(self.student.parameters(), 2.0)
        self.optimizer.step()
        self.step += 1
        self.average.update(self.student, self.step)
        return {'loss': loss.detach()} | {name: value.detach() for name, value in parts.items()}

    def _share_gradients(self) -> None:
        if self.plan.processes == 1:
            return
        gradients = [parameter.grad for parameter in self.student.parameters() if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        flat /= self.plan.processes
        for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def _keep(self, record: dict[str, Any]) -> None:
        """Examine now and then, write the log, the curves and the checkpoint."""
        if self.epoch % 5 == 0 or self.progress >= 1:
            student = self.average.module
            scores = examine(student, self.pictures, self.targets, self.examined, self.device)
            record |= {f'held_out_{name}': round(value, 4) for name, value in scores.items()}
        with (self.run / LOG).open('a') as log:
            log.write(json.dumps(record) + '\n')
        if 'held_out_loss' in record:
            draw_curves(self.run / LOG, self.run / 'curves.png')
        state = {
            'plan': asdict(self.plan),
            'student': self.student.state_dict(),
            'average': self.average.module.state_dict(),
            'optimizer': self.optimizer.state_dict(),
            'epoch': self.epoch,
            'step': self.step,
            'seconds': self.seconds,
        }
        torch.save(state, self.run / f'{CHECKPOINT}.part')
        (self.run / f'{CHECKPOINT}.part').replace(self.run / CHECKPOINT)

    def _resume(self) -> None:
        """Go on after the last whole epoch: chance depends on seed and epoch alone, so no more is needed."""
        state = torch.load(self.run / CHECKPOINT, map_location=self.device, weights_only=True)
        self.student.load_state_dict(state['student'])
        self.average.module.load_state_dict(state['average'])
        self.optimizer.load_state_dict(state['optimizer'])
        self.epoch, self.step, self.seconds = state['epoch'], state['step'], state['seconds']
        _log.info('going on after epoch %d', self.epoch)


def _groups(student: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weights of convolutions decay; biases and batch norms do not, nor do the few weights of depthwise ones."""
    decaying = [parameter for parameter in student.parameters() if parameter.ndim == 4 and parameter.shape[1] > 1]
    others = [parameter for parameter in student.parameters() if not (parameter.ndim == 4 and parameter.shape[1] > 1)]
    return [{'params': decaying, 'weight_decay': decay}, {'params': others, 'weight_decay': 0.0}]


def _learn(rank: int, plan: Plan, run: Path, folder: Path, cache: Path, threads: int) -> None:
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    torch.set_num_threads(threads)
    cv2.setNumThreads(1)  # samples are prepared by many processes, or between steps
    if plan.processes > 1:
        os.environ.setdefault('MASTER_ADDR', '127.0.0.1')
        os.environ.setdefault('MASTER_PORT', '29555')
        distributed.init_process_group('gloo', rank=rank, world_size=plan.processes)
    pictures = open_pictures(folder, cache)
    Training(plan, run, pictures, open_targets(cache, len(pictures)), rank).learn()


def main() -> None:
    """Read the plan from the command line and learn."""
    parser = argparse.ArgumentParser(prog='python -m training.train', description=__doc__)
    parser.add_argument('run', type=Path, help='folder of this run: checkpoint, log, curves')
    parser.add_argument('--pictures', type=Path, required=True, help='folder of training pictures (.jpg)')
    parser.add_argument('--cache', type=Path, required=True, help='folder that training.teacher has filled')
    parser.add_argument('--threads', type=int, default=1, help='of each process')
    for name, value in asdict(Plan()).items():
        parser.add_argument(f'--{name}', type=type(value), default=value)
    options = vars(parser.parse_args())
    run, folder, cache, threads = (options.pop(name) for name in ('run', 'pictures', 'cache', 'threads'))
    plan = Plan(**options)
    run.mkdir(parents=True, exist_ok=True)
    open_pictures(folder, cache)
    torch.multiprocessing.spawn(_learn, (plan, run, folder, cache, threads), plan.processes)


if __name__ == '__main__':
    main()
