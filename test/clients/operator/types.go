package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const group = "web.example.com"

var (
	v1       = schema.GroupVersion{Group: group, Version: "v1"}
	v1alpha1 = schema.GroupVersion{Group: group, Version: "v1alpha1"}
)

// Site is a page that some replicas serve.
type Site struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   SiteSpec   `json:"spec"`
	Status SiteStatus `json:"status,omitempty"`
}

// SiteSpec is what a user asks for.
type SiteSpec struct {
	Page     string `json:"page"`
	Replicas *int32 `json:"replicas,omitempty"`
}

// SiteStatus is what the operator saw last.
type SiteStatus struct {
	Replicas   int32              `json:"replicas,omitempty"`
	Selector   string             `json:"selector,omitempty"`
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// SiteList is a list of sites.
type SiteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Site `json:"items"`
}

// OldSite is the first version, whose page was called text.
type OldSite struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   OldSiteSpec `json:"spec"`
	Status SiteStatus  `json:"status,omitempty"`
}

// OldSiteSpec is the spec of the first version.
type OldSiteSpec struct {
	Text     string `json:"text"`
	Replicas *int32 `json:"replicas,omitempty"`
}

func (s *Site) DeepCopyObject() runtime.Object {
	out := &Site{TypeMeta: s.TypeMeta, Spec: s.Spec, Status: s.Status}
	s.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Replicas = copyInt(s.Spec.Replicas)
	out.Status.Conditions = append([]metav1.Condition(nil), s.Status.Conditions...)
	return out
}

func (l *SiteList) DeepCopyObject() runtime.Object {
	out := &SiteList{TypeMeta: l.TypeMeta, ListMeta: *l.ListMeta.DeepCopy()}
	for i := range l.Items {
		out.Items = append(out.Items, *l.Items[i].DeepCopyObject().(*Site))
	}
	return out
}

func (s *OldSite) DeepCopyObject() runtime.Object {
	out := &OldSite{TypeMeta: s.TypeMeta, Spec: s.Spec, Status: s.Status}
	s.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Replicas = copyInt(s.Spec.Replicas)
	out.Status.Conditions = append([]metav1.Condition(nil), s.Status.Conditions...)
	return out
}

func copyInt(value *int32) *int32 {
	if value == nil {
		return nil
	}
	copied := *value
	return &copied
}

func addTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(v1, &Site{}, &SiteList{})
	scheme.AddKnownTypeWithName(v1alpha1.WithKind("Site"), &OldSite{})
	metav1.AddToGroupVersion(scheme, v1)
	metav1.AddToGroupVersion(scheme, v1alpha1)
	return nil
}
