package splitrefused

import (
	"errors"
	"time"
)

// Config bounds what waits, and says when a batch is at fault.
type Config struct {
	// Exporter that comes after this, for the label of the metrics.
	Exporter string `mapstructure:"exporter"`
	// QueueBytes bounds all that waits, encoded. Beyond it a batch is refused, and waits with its sender.
	QueueBytes int `mapstructure:"queue_bytes"`
	// BatchBytes bounds one request to the exporter. Below what the store accepts.
	BatchBytes int `mapstructure:"batch_bytes"`
	// FlushTimeout is how long a batch waits for more.
	FlushTimeout time.Duration `mapstructure:"flush_timeout"`
	// Consumers is how many batches are under way at once.
	Consumers int `mapstructure:"consumers"`
	// Attempts after which a batch is at fault, where others were accepted meanwhile.
	Attempts int `mapstructure:"attempts"`
	// InitialInterval between two attempts; it doubles up to MaxInterval.
	InitialInterval time.Duration `mapstructure:"initial_interval"`
	MaxInterval     time.Duration `mapstructure:"max_interval"`
}

func defaultConfig() *Config {
	return &Config{QueueBytes: 256 << 20, BatchBytes: 2 << 20, FlushTimeout: time.Second, Consumers: 4, Attempts: 4,
		InitialInterval: 500 * time.Millisecond, MaxInterval: 30 * time.Second}
}

// Validate refuses a configuration with which nothing would be sent.
func (c *Config) Validate() error {
	if c.Consumers < 1 || c.Attempts < 1 || c.BatchBytes < 1 || c.QueueBytes < c.BatchBytes {
		return errors.New("consumers, attempts and batch_bytes must be positive, and queue_bytes no less than batch_bytes")
	}
	if c.FlushTimeout <= 0 || c.InitialInterval <= 0 || c.MaxInterval < c.InitialInterval {
		return errors.New("intervals must be positive, and max_interval no less than initial_interval")
	}
	return nil
}
