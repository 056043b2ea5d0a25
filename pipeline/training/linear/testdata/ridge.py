"""Writes ridge.json: what scikit-learn 1.7.2 makes of small and of real data.

    pip install scikit-learn==1.7.2 pandas
    python ridge.py path/to/bike-sharing/hour.csv > ridge.json
"""

import json
import sys

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score


def fit(X, y, alpha):
    fitted = Ridge(alpha=alpha, solver="svd").fit(X, y)
    return fitted, {"alpha": alpha, "intercept": fitted.intercept_, "weights": fitted.coef_.tolist()}


# Columns in unlike units, one far from 0, two that nearly repeat each other and
# one that is constant.
random = np.random.default_rng(7)
a = random.normal(size=40)
X = np.column_stack([a, 1e4 + 1e-2 * random.normal(size=40), a + 1e-3 * random.normal(size=40), 1e5 * random.normal(size=40), np.full(40, 3.0)])
X = X.round(6)
y = (5 + 2 * X[:, 0] - 1e-5 * X[:, 3] + random.normal(size=40)).round(6)
small = {"X": X.tolist(), "y": y.tolist(), "fits": [fit(X, y, alpha)[1] for alpha in (0.01, 1.0, 100.0)]}

# Bike sharing, fitted before July 2012 and judged from then on.
hours = pd.read_csv(sys.argv[1])
columns = ["season", "yr", "mnth", "hr", "holiday", "weekday", "workingday", "weathersit", "temp", "atemp", "hum", "windspeed"]
early = hours.dteday < "2012-07-01"
fitted, bike = fit(hours.loc[early, columns], hours.cnt[early], 1.0)
predicted, later = fitted.predict(hours.loc[~early, columns]), hours.cnt[~early]
bike |= {
    "columns": columns,
    "rows": int(early.sum()),
    "rmse": mean_squared_error(later, predicted) ** 0.5,
    "mae": mean_absolute_error(later, predicted),
    "r2": r2_score(later, predicted),
}
json.dump({"small": small, "bike": bike}, sys.stdout, indent=1)
