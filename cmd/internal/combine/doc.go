// Package combine makes one finding of several that are alike, once in each period. The
// first one of its kind is sent at once, so that nobody hears of a new client later than
// without it; the counts of what is sent add up to what came.
package combine
