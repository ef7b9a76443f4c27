-- Quality of experience by region and CDN node, in windows of arrival: what a listener's clock says moves nothing, and an event that
-- comes late counts when it comes. Reads what collector/lake.yaml writes to Kafka. For a cluster: give each INSERT a sink of yours.

CREATE TABLE otlp_metrics (
  resourceMetrics ARRAY<ROW<
    scopeMetrics ARRAY<ROW<
      metrics ARRAY<ROW<
        `name` STRING,
        `sum` ROW<dataPoints ARRAY<ROW<
          attributes ARRAY<ROW<`key` STRING, `value` ROW<stringValue STRING>>>,
          asDouble DOUBLE
        >>>
      >>
    >>
  >>,
  arrived TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR arrived AS arrived - INTERVAL '1' SECOND
) WITH (
  'connector' = 'kafka', 'topic' = 'tonearm.lake.metrics', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}',
  'properties.group.id' = 'tonearm-quality', 'scan.startup.mode' = 'earliest-offset', ${BOUNDED}
  'scan.watermark.idle-timeout' = '10s', 'format' = 'json', 'json.ignore-parse-errors' = 'true'
);

CREATE TABLE otlp_spans (
  resourceSpans ARRAY<ROW<
    scopeSpans ARRAY<ROW<
      spans ARRAY<ROW<
        `name` STRING, startTimeUnixNano STRING, endTimeUnixNano STRING,
        attributes ARRAY<ROW<`key` STRING, `value` ROW<stringValue STRING>>>
      >>
    >>
  >>,
  arrived TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR arrived AS arrived - INTERVAL '1' SECOND
) WITH (
  'connector' = 'kafka', 'topic' = 'tonearm.lake.spans', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}',
  'properties.group.id' = 'tonearm-quality', 'scan.startup.mode' = 'earliest-offset', ${BOUNDED}
  'scan.watermark.idle-timeout' = '10s', 'format' = 'json', 'json.ignore-parse-errors' = 'true'
);

-- One row for each increment.
CREATE TEMPORARY VIEW increments AS
SELECT arrived, m.`name` AS metric, g.`value`.stringValue AS region, n.`value`.stringValue AS node, p.asDouble AS amount
FROM otlp_metrics
CROSS JOIN UNNEST(resourceMetrics) AS r (scopeMetrics)
CROSS JOIN UNNEST(r.scopeMetrics) AS s (metrics)
CROSS JOIN UNNEST(s.metrics) AS m (`name`, `sum`)
CROSS JOIN UNNEST(m.`sum`.dataPoints) AS p (attributes, asDouble)
CROSS JOIN UNNEST(p.attributes) AS n (`key`, `value`)
CROSS JOIN UNNEST(p.attributes) AS g (`key`, `value`)
WHERE n.`key` = 'cdn.node' AND g.`key` = 'network.region'
  AND m.`name` IN ('track.play.time', 'track.buffer.time', 'audio.decode.attempts', 'audio.decode.failures');

-- One row for each play that was asked for and started: a preloaded one starts in no time, and would hide the rest.
CREATE TEMPORARY VIEW starts AS
SELECT arrived, g.`value`.stringValue AS region, n.`value`.stringValue AS node,
  (CAST(p.endTimeUnixNano AS BIGINT) - CAST(p.startTimeUnixNano AS BIGINT)) / 1e9 AS seconds
FROM otlp_spans
CROSS JOIN UNNEST(resourceSpans) AS r (scopeSpans)
CROSS JOIN UNNEST(r.scopeSpans) AS s (spans)
CROSS JOIN UNNEST(s.spans) AS p (`name`, startTimeUnixNano, endTimeUnixNano, attributes)
CROSS JOIN UNNEST(p.attributes) AS n (`key`, `value`)
CROSS JOIN UNNEST(p.attributes) AS g (`key`, `value`)
CROSS JOIN UNNEST(p.attributes) AS t (`key`, `value`)
WHERE p.`name` = 'track.play' AND n.`key` = 'cdn.node' AND g.`key` = 'network.region'
  AND t.`key` = 'track.play.trigger' AND t.`value`.stringValue = 'user';

-- Buffering ratio and decode failure rate: sums over sums.
CREATE TEMPORARY VIEW quality AS
SELECT window_start, region, node, heard, waited, packets, failures,
  waited / NULLIF(waited + heard, 0) AS buffering_ratio, failures / NULLIF(packets, 0) AS decode_failure_rate
FROM (
  SELECT window_start, region, node,
    SUM(CASE metric WHEN 'track.play.time' THEN amount ELSE 0 END) AS heard,
    SUM(CASE metric WHEN 'track.buffer.time' THEN amount ELSE 0 END) AS waited,
    SUM(CASE metric WHEN 'audio.decode.attempts' THEN amount ELSE 0 END) AS packets,
    SUM(CASE metric WHEN 'audio.decode.failures' THEN amount ELSE 0 END) AS failures
  FROM TABLE(TUMBLE(TABLE increments, DESCRIPTOR(arrived), INTERVAL ${WINDOW}))
  GROUP BY window_start, window_end, region, node
);

CREATE TEMPORARY VIEW start_up AS
SELECT window_start, region, node, COUNT(*) AS plays, SUM(seconds) AS total,
  PERCENTILE(seconds, 0.5) AS p50, PERCENTILE(seconds, 0.95) AS p95, PERCENTILE(seconds, 0.99) AS p99
FROM TABLE(TUMBLE(TABLE starts, DESCRIPTOR(arrived), INTERVAL ${WINDOW}))
GROUP BY window_start, window_end, region, node;
