// Package config reads what --output says about one output: its kind, far end, format,
// selection and options. It knows what the sandbox has to allow for it, and opens its
// transport.
package config
