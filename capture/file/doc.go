// Package file reads capture files as one stream of frames in time order. Inputs
// are files, folders and standard input; files may be compressed, may consist of
// several captures joined end to end, and may still grow. It reports which files
// in folders it leaves out, and why.
package file
