package main

import (
	"context"
	"errors"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/conversion"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// Hub says that other versions are converted to this one.
func (*Site) Hub() {}

func (s *OldSite) ConvertTo(hub conversion.Hub) error {
	to := hub.(*Site)
	s.ObjectMeta.DeepCopyInto(&to.ObjectMeta)
	to.Spec = SiteSpec{Page: s.Spec.Text, Replicas: s.Spec.Replicas}
	to.Status = s.Status
	return nil
}

func (s *OldSite) ConvertFrom(hub conversion.Hub) error {
	from := hub.(*Site)
	from.ObjectMeta.DeepCopyInto(&s.ObjectMeta)
	s.Spec = OldSiteSpec{Text: from.Spec.Page, Replicas: from.Spec.Replicas}
	s.Status = from.Status
	return nil
}

type defaulter struct{}

func (defaulter) Default(_ context.Context, site *Site) error {
	if site.Spec.Replicas == nil {
		one := int32(1)
		site.Spec.Replicas = &one
	}
	return nil
}

type validator struct{}

func (validator) ValidateCreate(_ context.Context, site *Site) (admission.Warnings, error) {
	return check(site)
}

func (validator) ValidateUpdate(_ context.Context, _, site *Site) (admission.Warnings, error) {
	return check(site)
}

func (validator) ValidateDelete(_ context.Context, site *Site) (admission.Warnings, error) {
	if site.Annotations["web.example.com/keep"] == "true" {
		return nil, errors.New("this site is to be kept")
	}
	return nil, nil
}

func check(site *Site) (admission.Warnings, error) {
	if strings.Contains(site.Spec.Page, "<blink>") {
		return nil, errors.New("pages must not blink")
	}
	if site.Spec.Page == "" {
		return admission.Warnings{"the page is empty"}, nil
	}
	return nil, nil
}
