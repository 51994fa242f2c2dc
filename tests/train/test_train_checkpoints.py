"""Training goes on from a checkpoint as if it had never ended, whatever happened to the files."""

import errno
import io
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save
from small_task import CLASSES, SIZE, Alarm, descent, network, numbers, rows

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim, train
from tinygrad_mnist.errors import DataError, DTypeError
from tinygrad_mnist.train import Checkpoints, CheckpointWarning, load_checkpoint, save_checkpoint

KILLS = Path(__file__).with_name("kills.py")


# By hand ------------------------------------------------------------------------------------------


def by_hand(steps, folder=None, every=3):
    """A loop of one's own with dropout: the parameters after so many steps."""
    generator = tg.Generator(1)
    model = nn.Sequential(network(), nn.Dropout(0.3, generator=generator))
    optimiser = optim.Adam(model.parameters(), optim.schedules.cosine(0.05, 20))
    images, targets = rows(40)
    first = 0
    parts = {"model": model, "optimiser": optimiser, "generator": generator}
    if folder:
        found = load_checkpoint(folder, about={"rate": 0.05}, **parts)
        first = found.step if found else 0
    for i in range(first, steps):
        x = tg.Tensor(images[i % 5 * 8 : i % 5 * 8 + 8]).float() / 255
        optimiser.zero_grad()
        nn.quadratic_cost(model(x), targets[i % 5 * 8 : i % 5 * 8 + 8]).backward()
        optimiser.step()
        if folder and (i + 1) % every == 0:
            save_checkpoint(folder, i + 1, about={"rate": 0.05}, **parts)
    return numbers(model)


@pytest.mark.parametrize("ends", [(2, 20), (3, 20), (7, 8, 13, 20)])
def test_a_loop_by_hand_goes_on(tmp_path, ends):
    for end in ends:
        last = by_hand(end, tmp_path / "run")
    assert last == by_hand(20)
    assert len(os.listdir(tmp_path / "run")) == 2


def test_everything_comes_back(tmp_path):
    state = {
        "numbers": [1, 2.5, float("inf"), float("-inf"), True, None, "text", -(2**80)],
        3: (np.arange(6, dtype=np.uint8).reshape(2, 3), np.array(1.5), np.array([True]), np.zeros((0, 2))),
        "tensor": tg.Tensor([1.0, 2.0]),
        "empty": [{}, (), []],
    }
    path = save_checkpoint(tmp_path, 7, about={"a": (1, 2.5)}, state=state, number=3)
    found = load_checkpoint(tmp_path)
    assert path.parent == tmp_path
    assert (found.step, found.about, found.parts["number"]) == (7, {"a": (1, 2.5)}, 3)
    back = found.parts["state"]
    assert list(back) == list(state)
    assert (back["numbers"], back["empty"]) == (state["numbers"], state["empty"])
    for a, b in zip(state[3], back[3], strict=True):
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    assert np.isnan(load_checkpoint_of(tmp_path, float("nan")))


def load_checkpoint_of(folder, value):
    save_checkpoint(folder, 8, value=value)
    return load_checkpoint(folder).parts["value"]


@pytest.mark.parametrize("what", [object(), {1.5: 2}, np.array(["a"]), {"a": [lambda: 0]}, 1j])
def test_what_cannot_be_saved(tmp_path, what):
    with pytest.raises(DTypeError, match=r"^part"):
        save_checkpoint(tmp_path, 1, part=what)
    deep = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(DTypeError, match="deep"):
        save_checkpoint(tmp_path, 1, part=deep)
    assert os.listdir(tmp_path) == []
    with pytest.raises(ValueError, match="step must be"):
        save_checkpoint(tmp_path, -1)


def test_a_folder_without_checkpoints(tmp_path):
    assert load_checkpoint(tmp_path / "nowhere") is None
    assert load_checkpoint(tmp_path, model=network()) is None


def test_what_does_not_fit_changes_nothing(tmp_path):
    model = network()
    save_checkpoint(
        tmp_path, 1, about={"rate": 1, "data": {"sum": "a"}}, model=model, optimiser=descent(model)
    )
    other = network(3)
    before = numbers(other)
    with pytest.raises(DataError, match="rate was 1, now it is 2; data sum was a, now it is b"):
        load_checkpoint(tmp_path, about={"rate": 2, "data": {"sum": "b"}}, model=other)
    with pytest.raises(DataError, match="have no ema, only model, optimiser"):
        load_checkpoint(tmp_path, model=other, ema=other)
    with pytest.raises(DataError, match="Unexpected key"):
        load_checkpoint(tmp_path, model=other, optimiser=network())
    with pytest.raises(TypeError, match="cannot put state into a int"):
        load_checkpoint(tmp_path, model=3)
    assert numbers(other) == before
    load_checkpoint(tmp_path, model=other)
    assert numbers(other) == numbers(model)


# By fit -------------------------------------------------------------------------------------------


class WithDropout(nn.Module):
    def __init__(self, generator):
        super().__init__()
        self.first = nn.Linear(SIZE * SIZE, 6, generator=generator)
        self.normal = nn.BatchNorm1d(6)
        self.dropout = nn.Dropout(0.2, generator=generator)
        self.last = nn.Linear(6, CLASSES, generator=generator)

    def forward(self, x):
        return self.last(self.dropout(self.normal(self.first(x)).relu()))


def fitted(checkpoint=None, compiled=False, **options):
    model = WithDropout(tg.Generator(4))
    images, targets = rows(50)
    optimiser = optim.AdamW(model.parameters(), optim.schedules.linear(0.05, 35))
    given = {
        "epochs": 5, "batch_size": 8, "seed": 5, "validation": rows(20, seed=1), "compiled": compiled,
        "augment": lambda epoch: images + np.uint8(epoch), "early_stopping": train.EarlyStopping(patience=3),
    }  # fmt: skip
    history = train.fit(
        model, optimiser, nn.quadratic_cost, images, targets, checkpoint=checkpoint, **(given | options)
    )
    return numbers(model), history.to_json(times=False)


@pytest.fixture
def worth_compiling(monkeypatch):
    monkeypatch.setattr("tinygrad_mnist.train.loop._WORTH_COMPILING", 0)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("steps", [1, 3, 7, 10])
def test_going_on_from_every_checkpoint(tmp_path, monkeypatch, worth_compiling, compiled, steps):
    undisturbed = fitted(compiled=compiled)
    save = train.checkpoints.save_checkpoint

    def dies(*args, **kwargs):
        save(*args, **kwargs)
        raise Alarm

    monkeypatch.setattr(train.checkpoints, "save_checkpoint", dies)
    lives = 0
    while True:
        lives += 1
        try:
            result = fitted(Checkpoints(tmp_path / "run", steps=steps, resume=True), compiled)
        except Alarm:
            if lives < 34 // steps:
                continue
            monkeypatch.setattr(train.checkpoints, "save_checkpoint", save)
        else:
            break
    assert result == undisturbed
    assert lives > 34 // steps
    again = fitted(Checkpoints(tmp_path / "run", resume=True), compiled)  # of a training that is over
    assert again == undisturbed


def test_the_default_generator_goes_on_too(tmp_path, monkeypatch):
    def trained(checkpoint=None, epochs=4):
        tg.manual_seed(7)
        model = nn.Sequential(network(), nn.Dropout(0.4))
        train.fit(model, descent(model), nn.quadratic_cost, *rows(50), epochs=epochs, batch_size=8, seed=0,
                  checkpoint=checkpoint)  # fmt: skip
        return numbers(model)

    trained(tmp_path, epochs=2)
    assert trained(Checkpoints(tmp_path, resume=True)) == trained()


def test_saving_changes_nothing(tmp_path):
    assert fitted(tmp_path / "a") == fitted(Checkpoints(tmp_path / "b", steps=2)) == fitted()
    assert len(os.listdir(tmp_path / "b")) == 2
    assert fitted(Checkpoints(tmp_path / "c", seconds=1e-9)) == fitted()


def test_another_training_is_refused_with_what_differs(tmp_path):
    fitted(tmp_path)
    images, targets = rows(50)

    def refused(match, model=None, optimiser=None, cost=nn.quadratic_cost, data=None, **options):
        model = model or WithDropout(tg.Generator(4))
        optimiser = optimiser or optim.AdamW(model.parameters(), optim.schedules.linear(0.05, 35))
        given = {
            "epochs": 5, "batch_size": 8, "seed": 5, "validation": rows(20, seed=1), "compiled": False,
            "augment": lambda epoch: images, "early_stopping": train.EarlyStopping(patience=3),
        }  # fmt: skip
        with pytest.raises(DataError, match=match):
            train.fit(model, optimiser, cost, *(data or (images, targets)),
                      checkpoint=Checkpoints(tmp_path, resume=True), **(given | options))  # fmt: skip

    refused("order seed was 5, now it is 6", seed=6)
    refused("batch size was 8, now it is 9", batch_size=9)
    refused("cost was quadratic_cost, now it is mse_loss", cost=nn.mse_loss)
    refused("data images was [0-9a-f]{12}..., now it is", data=(images + 1, targets))
    refused("data targets", data=(images, targets[::-1].copy()))
    refused("validation", validation=None)
    refused("augmented was True, now it is False", augment=None)
    refused("patience was 3, now it is 4", early_stopping=train.EarlyStopping(patience=4))
    other = WithDropout(tg.Generator(4))
    refused("kind was AdamW, now it is SGD", other, descent(other))
    refused(
        r"lr 0 was 0.05, now it is 0.06",
        other,
        optim.AdamW(other.parameters(), optim.schedules.linear(0.06, 35)),
    )
    refused(r"betas 1 was 0.999, now it is 0.9\b", other,
            optim.AdamW(other.parameters(), optim.schedules.linear(0.05, 35), betas=(0.9, 0.9)))  # fmt: skip
    other.dropout.p = 0.25
    refused("model dropout p was 0.2, now it is 0.25", other)
    refused("model .*kind was WithDropout, now it is MLP", network())


def test_a_folder_with_checkpoints_is_not_begun_in_anew(tmp_path):
    fitted(tmp_path)
    with pytest.raises(DataError, match="holds checkpoints already"):
        fitted(tmp_path)


def test_what_was_killed_while_it_wrote_is_cleared_away(tmp_path):
    (tmp_path / ".tinygrad_mnist-0123456789abcdef.tmp").write_bytes(b"half")
    fitted(tmp_path)
    assert not list(tmp_path.glob(".*"))


def test_an_interruption_leaves_a_checkpoint(tmp_path):
    def interrupt(record):
        if record.epoch == 2:
            raise KeyboardInterrupt

    model = network()
    history = train.fit(model, descent(model), nn.quadratic_cost, *rows(50), epochs=3, batch_size=8, seed=0,
                        checkpoint=tmp_path, on_epoch=interrupt)  # fmt: skip
    assert history.interrupted
    assert load_checkpoint(tmp_path).step > 7
    model = network()
    history = train.fit(model, descent(model), nn.quadratic_cost, *rows(50), epochs=3, batch_size=8, seed=0,
                        checkpoint=Checkpoints(tmp_path, resume=True))  # fmt: skip
    assert not history.interrupted
    by_itself = network()
    train.fit(by_itself, descent(by_itself), nn.quadratic_cost, *rows(50), epochs=3, batch_size=8, seed=0)
    assert numbers(model) == numbers(by_itself)


def test_settings_out_of_range(tmp_path):
    with pytest.raises(ValueError, match="steps must be"):
        Checkpoints(tmp_path, steps=0)
    with pytest.raises(ValueError, match="seconds must be"):
        Checkpoints(tmp_path, seconds=0)


def test_killed_a_dozen_times():
    """The long run is `python tests/train/kills.py --kills 200`."""
    command = [sys.executable, KILLS, "--kills", "12", "--jobs", "augmented", "dropout, eager"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 kills" in done.stdout


# Files that fail ------------------------------------------------------------------------------------

FAILURES = [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EXDEV, errno.EROFS]
CALLS = ["open", "write", "flush", "fsync", "close", "replace", "fsync of the folder", "close of the folder"]


class FailingFile:
    """A file one of whose calls fails; a short write writes half and says so by an error at the next."""

    def __init__(self, file, call, failure):
        self.file, self.call, self.failure = file, call, failure

    def _maybe(self, call):
        if call == self.call:
            raise OSError(self.failure, os.strerror(self.failure))

    def write(self, data):
        if self.call == "write":
            self.file.write(data[: len(data) // 2])
        self._maybe("write")
        return self.file.write(data)

    def flush(self):
        self._maybe("flush")
        self.file.flush()

    def fileno(self):
        return self.file.fileno()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()
        if error[0] is None:
            self._maybe("close")


def fail(patched, call, failure):
    """Let one call of every save fail."""

    def failing(real, wanted):
        def call_or_fail(first, *args, **kwargs):
            if wanted(first):
                raise OSError(failure, os.strerror(failure))
            return real(first, *args, **kwargs)

        return call_or_fail

    is_folder = lambda handle: isinstance(handle, int) and os.path.isdir(f"/proc/self/fd/{handle}")
    real_fdopen = os.fdopen
    if call in ("write", "flush", "close"):
        patched.setattr(
            os, "fdopen", lambda handle, mode: FailingFile(real_fdopen(handle, mode), call, failure)
        )
    elif call == "open":
        patched.setattr(os, "open", failing(os.open, lambda path: str(path).endswith(".tmp")))
    elif call == "fsync":
        patched.setattr(os, "fsync", failing(os.fsync, lambda handle: not is_folder(handle)))
    elif call == "replace":
        patched.setattr(os, "replace", failing(os.replace, lambda path: True))
    elif call == "fsync of the folder":
        patched.setattr(os, "fsync", failing(os.fsync, is_folder))
    else:
        patched.setattr(os, "close", failing(os.close, is_folder))


on_linux = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="asks Linux which handle is a folder"
)


@on_linux
@pytest.mark.parametrize("failure", FAILURES, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", CALLS)
def test_a_failed_save_is_reported_and_the_state_before_it_stays(tmp_path, monkeypatch, call, failure):
    old, new = network(1), network(2)
    save_checkpoint(tmp_path, 1, model=network(0))
    save_checkpoint(tmp_path, 2, model=old)
    with monkeypatch.context() as patched:
        fail(patched, call, failure)
        with pytest.raises(DataError, match=f"cannot write .*: {os.strerror(failure)}"):
            save_checkpoint(tmp_path, 3, model=new)
    found = network(5)
    moment = load_checkpoint(tmp_path, model=found)
    assert numbers(found) == numbers({2: old, 3: new}[moment.step])
    assert moment.step == (3 if "folder" in call else 2)
    assert not list(tmp_path.glob(".*"))
    assert (tmp_path / "step-000000000002.safetensors").exists()


@on_linux
@pytest.mark.parametrize("call", CALLS)
def test_training_goes_on_after_failed_saves(tmp_path, monkeypatch, call):
    undisturbed, told = fitted(), []
    with monkeypatch.context() as patched:
        fail(patched, call, errno.ENOSPC)
        assert fitted(Checkpoints(tmp_path / "run", steps=10, report=told.append)) == undisturbed
        assert len(told) == 4
        assert all("No space left on device" in line and "goes on" in line for line in told)
        with pytest.raises(DataError, match="No space left"):
            fitted(Checkpoints(tmp_path / "stops", steps=10, stop_on_failure=True))
        with pytest.warns(CheckpointWarning, match="No space left"):
            fitted(Checkpoints(tmp_path / "warns", steps=10))


def test_writes_that_are_short_are_finished(tmp_path, monkeypatch):
    """The system may write fewer bytes than it was given."""

    class Short(io.FileIO):
        def write(self, data):
            return super().write(memoryview(data)[: max(1, len(data) // 3)])

    monkeypatch.setattr(os, "fdopen", lambda handle, mode: io.BufferedWriter(Short(handle, "w"), 100))
    model, found = network(1), network(2)
    save_checkpoint(tmp_path, 1, model=model)
    load_checkpoint(tmp_path, model=found)
    assert numbers(found) == numbers(model)


def test_old_checkpoints_that_cannot_be_removed_are_reported(tmp_path, monkeypatch):
    model = network()
    save_checkpoint(tmp_path, 1, model=model)
    save_checkpoint(tmp_path, 2, model=model)

    def refuse(self):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.warns(CheckpointWarning, match="cannot remove the old checkpoint"):
        save_checkpoint(tmp_path, 3, model=model)
    assert load_checkpoint(tmp_path).step == 3


# Damage -----------------------------------------------------------------------------------------------


def damages(contents, count):
    """So many damaged copies: half cut off, half with flipped bits, the header's places among them all."""
    random = np.random.default_rng(0)
    header = 8 + int.from_bytes(contents[:8], "little")
    places = {*range(0, header, max(1, header // 400)), *random.integers(0, len(contents), count).tolist()}
    for place in sorted(places):
        yield contents[:place]
        flipped = bytearray(contents)
        flipped[place] ^= 1 << int(random.integers(8))
        yield bytes(flipped)


def test_damage_gives_the_older_state_or_an_error(tmp_path):
    old, new = network(1), network(2)
    save_checkpoint(tmp_path, 1, about={"rate": 1.5}, model=old)
    path = save_checkpoint(tmp_path, 2, about={"rate": 1.5}, model=new)
    contents, older, both = path.read_bytes(), 0, {1: numbers(old), 2: numbers(new)}
    found, tried = network(5), 0
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for damaged in damages(contents, 1000):
            path.write_bytes(damaged)
            tried += 1
            before = len(told)
            moment = load_checkpoint(tmp_path, about={"rate": 1.5}, model=found)
            assert numbers(found) == both[moment.step]
            older += moment.step == 1
            assert len(told) - before == (moment.step == 1)
    assert tried >= 2000
    assert older > tried * 0.99  # a flip in the header's padding changes nothing
    assert all("cannot be read" in str(line.message) for line in told)
    (tmp_path / "step-000000000001.safetensors").write_bytes(contents[:100])
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"000000000002.* cannot be read.*; .*000000000001.* cannot be"):
        load_checkpoint(tmp_path, model=found)


def test_other_safetensors_files_are_no_checkpoints(tmp_path):
    (tmp_path / "step-000000000001.safetensors").write_bytes(save({"a": np.zeros(2)}))
    with pytest.raises(DataError, match="not a checkpoint of this package"):
        load_checkpoint(tmp_path)
