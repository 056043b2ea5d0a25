"""The 20 features of this benchmark in pandas or Polars.

    python peers.py pandas|polars FOLDER

reads events.parquet and readings.parquet in FOLDER and prints, as JSON, the
seconds from opening them until all features are in memory, and for each feature
how many values it has and their sum.
"""

import json
import sys
import time
from pathlib import Path

READINGS = ["temperature", "humidity", "pressure", "wind"]
# Key, column that is averaged, windows in hours; an empty column counts rows.
WINDOWS = [
    ("customer", "", [24, 168, 720]),
    ("customer", "amount", [24, 168, 720]),
    ("customer", "flag", [168, 720]),
    ("merchant", "", [1, 24, 168]),
    ("merchant", "amount", [1, 24, 168]),
    ("merchant", "flag", [24, 168]),
]


def name(key, column, hours):
    return f"{key}_{column or 'count'}_{hours}h"


def with_pandas(folder):
    import numpy as np
    import pandas as pd

    start = time.perf_counter()
    events = pd.read_parquet(folder / "events.parquet").sort_values("t", ignore_index=True)
    readings = pd.read_parquet(folder / "readings.parquet").sort_values("t")
    events["flag"] = events["flag"].astype("float64")
    features = pd.merge_asof(
        events[["t", "station"]], readings, on="t", by="station", tolerance=pd.Timedelta(hours=6)
    )[READINGS]
    columns = {}
    for key in ["customer", "merchant"]:
        # Rolling results come group by group, each in order of time.
        order = np.argsort(events[key].to_numpy(), kind="stable")
        groups = events.set_index("t")[[key, "amount", "flag"]].groupby(key)
        for k, column, windows in WINDOWS:
            if k != key:
                continue
            for hours in windows:
                rolling = groups[column or "amount"].rolling(f"{hours}h")
                result = rolling.mean() if column else rolling.count()
                values = np.empty(len(events))
                values[order] = result.to_numpy()
                columns[name(key, column, hours)] = values
    features = pd.concat([features, pd.DataFrame(columns)], axis=1)
    seconds = time.perf_counter() - start
    return seconds, {c: (int(features[c].count()), float(features[c].sum())) for c in features}


def with_polars(folder):
    import polars as pl

    start = time.perf_counter()
    events = pl.scan_parquet(folder / "events.parquet").sort("t")
    readings = pl.scan_parquet(folder / "readings.parquet").sort("t")
    events = events.with_columns(pl.col("flag").cast(pl.Float64), pl.lit(1, pl.Int64).alias("one"))
    rolled = []
    for key, column, windows in WINDOWS:
        for hours in windows:
            if column:
                value = pl.col(column).rolling_mean_by("t", f"{hours}h", closed="right")
            else:
                value = pl.col("one").rolling_sum_by("t", f"{hours}h", closed="right")
            rolled.append(value.over(key).alias(name(key, column, hours)))
    features = (
        events.join_asof(readings, on="t", by="station", strategy="backward", tolerance="6h")
        .select(READINGS + rolled)
        .collect()
    )
    seconds = time.perf_counter() - start
    return seconds, {
        c.name: (len(c) - c.null_count(), float(c.sum())) for c in features.get_columns()
    }


if __name__ == "__main__":
    tool, folder = sys.argv[1], Path(sys.argv[2])
    seconds, sums = {"pandas": with_pandas, "polars": with_polars}[tool](folder)
    print(json.dumps({"seconds": seconds, "features": sums}))
