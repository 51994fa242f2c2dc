"""How a training and its test read as text."""

from __future__ import annotations

from ..train import EpochRecord, Evaluation


def epoch_line(record: EpochRecord, epochs: int, seconds_left: float) -> str:
    """One finished epoch."""
    accuracy, kind = record.accuracy, "training"
    if record.validation_accuracy is not None:
        accuracy, kind = record.validation_accuracy, "validation"
    share = "" if accuracy is None else f"{kind} accuracy {accuracy:.2%}  "
    return (
        f"epoch {record.epoch:{len(str(epochs))}}/{epochs}  cost {record.cost:.4f}  "
        f"{share}{record.images_per_second or 0:,.0f} images/s  "
        f"{duration(seconds_left)} left"
    )


def duration(seconds: float) -> str:
    """Seconds, or minutes:seconds, or hours:minutes:seconds."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}" if minutes else f"{seconds} s"


def accuracy_line(evaluation: Evaluation) -> str:
    """The accuracy on test images."""
    return f"test accuracy {evaluation.accuracy:.2%}"


def confusion_table(evaluation: Evaluation) -> str:
    """How many examples of each class (rows) got each answer (columns)."""
    classes = range(len(evaluation.confusion))
    width = max(len(str(evaluation.confusion.max())), len(str(classes[-1])), 3) + 1
    lines = ["how often each digit (rows) was taken for each (columns)"]
    lines.append(" " * width + " |" + "".join(f"{answer:{width}}" for answer in classes))
    lines.append("-" * (width + 1) + "+" + "-" * (width * len(classes)))
    for digit in classes:
        counts = "".join(f"{count:{width}}" for count in evaluation.confusion[digit])
        lines.append(f"{digit:{width}} |{counts}")
    return "\n".join(lines)
