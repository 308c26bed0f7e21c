// Package command is the command "tlsfloor ship": it opens inputs and outputs, confines the
// process, and delivers until a signal or the sensor that has started it ends that.
package command
