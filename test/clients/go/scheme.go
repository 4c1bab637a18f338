package main

import (
	"k8s.io/apimachinery/pkg/runtime"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
)

type runtimeObject = runtime.Object

var scheme = clientscheme.Scheme
