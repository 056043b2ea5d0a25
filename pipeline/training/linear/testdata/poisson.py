"""Writes poisson.json: what scikit-learn 1.7.2 makes of small and of real counts.

    pip install scikit-learn==1.7.2 pandas
    python poisson.py path/to/bike-sharing/hour.csv > poisson.json
"""

import json
import sys

import numpy as np
import pandas as pd
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import mean_poisson_deviance


def fit(X, y, alpha):
    fitted = PoissonRegressor(alpha=alpha, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X, y)
    return fitted, {"alpha": alpha, "intercept": fitted.intercept_, "weights": fitted.coef_.tolist()}


# Columns in unlike units, two that nearly repeat each other; zeros among the counts.
random = np.random.default_rng(11)
a = random.normal(size=60)
X = np.column_stack([a, a + 1e-2 * random.normal(size=60), 100 * random.normal(size=60)]).round(6)
y = random.poisson(np.exp(0.5 + 0.8 * a)).astype(float)
small = {"X": X.tolist(), "y": y.tolist(), "fits": [fit(X, y, alpha)[1] for alpha in (1e-3, 0.1, 1.0)]}

# Bike sharing, fitted before July 2012 and judged from then on.
hours = pd.read_csv(sys.argv[1])
columns = ["season", "yr", "mnth", "hr", "holiday", "weekday", "workingday", "weathersit", "temp", "atemp", "hum", "windspeed"]
early = hours.dteday < "2012-07-01"
fitted, bike = fit(hours.loc[early, columns].to_numpy(float), hours.cnt[early].to_numpy(float), 1e-4)
later = hours.loc[~early]
bike |= {"columns": columns, "rows": int(early.sum()), "poisson_deviance": mean_poisson_deviance(later.cnt, fitted.predict(later[columns].to_numpy(float)))}
json.dump({"small": small, "bike": bike}, sys.stdout, indent=1)
