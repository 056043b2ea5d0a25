-- The backtest's scores beside the naive forecast: what was rented in the same hour of the week before.
-- After `linecook backtest`, with DuckDB 1.4, in this folder:  duckdb < baseline.sql
-- The intervals take whole days as independent, not single hours: a wet day is wet for many hours.
CREATE TABLE hour AS SELECT dteday, hr, cnt FROM read_csv('data/hour.csv');

CREATE TABLE forecast AS
SELECT 'Poisson regression' AS forecast, h.dteday, h.cnt::DOUBLE AS y, s.score AS p, w.cnt IS NOT NULL AS both_known
FROM '.linecook/backtest/bike-demand/scores/bike-demand/stage=prod/*/scores.parquet' s
JOIN hour h ON h.dteday = s.dteday AND h.hr = s.hr
LEFT JOIN hour w ON w.dteday = h.dteday - 7 AND w.hr = h.hr
WHERE s.status = 'scored'
UNION ALL
SELECT 'same hour last week', h.dteday, h.cnt::DOUBLE, w.cnt::DOUBLE, w.cnt IS NOT NULL
FROM '.linecook/backtest/bike-demand/scores/bike-demand/stage=prod/*/scores.parquet' s
JOIN hour h ON h.dteday = s.dteday AND h.hr = s.hr
LEFT JOIN hour w ON w.dteday = h.dteday - 7 AND w.hr = h.hr
WHERE s.status = 'scored';

-- A loss is a ratio of means over the hours: of the errors, over 1 or, for R², over the spread of the labels.
CREATE TABLE loss AS
SELECT forecast, dteday, unnest([
    {metric: 'rmse', a: (y - p) ** 2, b: 1},
    {metric: 'mae', a: abs(y - p), b: 1},
    {metric: 'r2', a: (y - p) ** 2, b: (y - avg(y) OVER (PARTITION BY forecast)) ** 2}], recursive := true)
FROM forecast WHERE both_known;

CREATE TABLE ratio AS
SELECT forecast, metric, sum(a) / sum(b) AS ratio, sum(b) AS total, count(*) AS n FROM loss GROUP BY ALL;

-- Linearised (Cochran, Sampling Techniques, 3rd ed. 1977, section 9A.1 on clusters).
CREATE TABLE spread AS
SELECT forecast, metric, any_value(n) AS n, any_value(ratio) AS ratio,
  1.959963984540054 * sqrt(sum(day * day) * count(*) / (count(*) - 1)) / any_value(total) AS half
FROM (SELECT forecast, metric, dteday, sum(a - ratio * b) AS day, any_value(total) AS total, any_value(n) AS n, any_value(ratio) AS ratio
  FROM loss JOIN ratio USING (forecast, metric) GROUP BY ALL)
GROUP BY ALL;

SELECT metric, forecast, n,
  round(CASE metric WHEN 'r2' THEN 1 - ratio WHEN 'rmse' THEN sqrt(ratio) ELSE ratio END, 3) AS value,
  round(CASE metric WHEN 'r2' THEN 1 - ratio - half WHEN 'rmse' THEN sqrt(ratio - half) ELSE ratio - half END, 3) AS low,
  round(CASE metric WHEN 'r2' THEN 1 - ratio + half WHEN 'rmse' THEN sqrt(ratio + half) ELSE ratio + half END, 3) AS high
FROM spread ORDER BY metric DESC, forecast;
