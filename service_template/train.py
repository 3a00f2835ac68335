"""Train the sentiment classifier: `python train.py --output model`.

Words and word pairs are weighted by TF-IDF and go into a logistic regression. The same data gives the same files.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from model_loader import MODEL_FILE, TEXT_FEATURES
from service.model_files import write_checksums

METADATA_FILE = "metadata.json"
DATA = Path(__file__).parent / "data" / "reviews.csv"
ACCURACY_FLOOR = 0.8
DIGITS = 6
"""Digits that are saved; the last bits of a float may differ between processors."""


def read_reviews(path: Path) -> tuple[list[str], list[str]]:
    """Return texts and labels."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def new_model() -> Pipeline:
    """Return the untrained model; features seen only once are left out."""
    return make_pipeline(TfidfVectorizer(**TEXT_FEATURES, min_df=2), LogisticRegression(C=10))


def held_out_accuracy(texts: list[str], labels: list[str]) -> float:
    """Return the accuracy on reviews that the model has not seen: five times another fifth is held out."""
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
    return float(cross_val_score(new_model(), texts, labels, cv=folds).mean())


def save(model: Pipeline, accuracy: float, output: Path) -> None:
    """Write the model, what is known about it, and the checksums that the service looks at before it loads."""
    features, classifier = model[0], model[1]
    saved = {
        "vocabulary": {term: int(column) for term, column in sorted(features.vocabulary_.items())},
        "idf": features.idf_.round(DIGITS).tolist(),
        "weights": classifier.coef_[0].round(DIGITS).tolist(),
        "intercept": round(float(classifier.intercept_[0]), DIGITS),
    }
    metadata = {
        "held_out_accuracy": round(accuracy, 3),
        "scikit_learn": sklearn.__version__,
    }
    output.mkdir(parents=True, exist_ok=True)
    (output / MODEL_FILE).write_text(json.dumps(saved))
    (output / METADATA_FILE).write_text(json.dumps(metadata, indent=2) + "\n")
    write_checksums(output)


def main() -> int:
    """Train, measure, save; return 1 when the model is not good enough."""
    parser = argparse.ArgumentParser(description="Train the sentiment classifier.")
    parser.add_argument("--output", type=Path, default=Path("model"), help="the folder to write (default: model)")
    parser.add_argument("--data", type=Path, default=DATA, help="a CSV file with the columns text and label")
    arguments = parser.parse_args()
    texts, labels = read_reviews(arguments.data)
    accuracy = held_out_accuracy(texts, labels)
    print(f"accuracy on held-out reviews: {accuracy:.3f}")
    if accuracy < ACCURACY_FLOOR:
        print(f"below the floor of {ACCURACY_FLOOR}: nothing was written", file=sys.stderr)
        return 1
    save(new_model().fit(texts, labels), accuracy, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
