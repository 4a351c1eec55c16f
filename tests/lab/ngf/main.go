// Command lab is the control plane of NGINX Gateway Fabric without a cluster. Each line of its input is a cluster, {"objects": [...],
// "class": NAME}; each line of its output is what came of it: objects that the definitions of their kinds refuse, objects as they were
// stored and with the status that the controller gives them, and for every Gateway the files that its nginx gets. The controller's own
// code does all of it; what is here is the API server's part (definitions, defaults) and the order of its steps.
//
// It is built inside the source of NGINX Gateway Fabric; ngf_lab.py beside this file says how.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	crvalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/controller-runtime/pkg/client"
	inference "sigs.k8s.io/gateway-api-inference-extension/api/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayv1alpha2 "sigs.k8s.io/gateway-api/apis/v1alpha2"
	gatewayv1beta1 "sigs.k8s.io/gateway-api/apis/v1beta1"
	"sigs.k8s.io/yaml"

	ngfv1alpha1 "github.com/nginx/nginx-gateway-fabric/v2/apis/v1alpha1"
	ngfv1alpha2 "github.com/nginx/nginx-gateway-fabric/v2/apis/v1alpha2"
	ngxcfg "github.com/nginx/nginx-gateway-fabric/v2/internal/controller/nginx/config"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/nginx/config/policies"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/nginx/config/policies/clientsettings"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/nginx/config/policies/observability"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/nginx/config/policies/proxysettings"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/nginx/config/policies/ratelimit"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/nginx/config/policies/snippetspolicy"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/nginx/config/policies/upstreamsettings"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/nginx/config/policies/waf"
	ngxvalidation "github.com/nginx/nginx-gateway-fabric/v2/internal/controller/nginx/config/validation"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/state"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/state/dataplane"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/state/graph"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/state/resolver"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/state/validation"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/controller/status"
	"github.com/nginx/nginx-gateway-fabric/v2/internal/framework/kinds"
)

const controllerName = "gateway.nginx.org/nginx-gateway-controller"

type question struct {
	Objects []json.RawMessage `json:"objects"`
	Class   string            `json:"class"`
}

type refusal struct {
	Object  string `json:"object"`
	Message string `json:"message"`
}

type gatewayFiles struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Files     map[string]string `json:"files"`
}

type answer struct {
	Refused  []refusal       `json:"refused"`
	Objects  []client.Object `json:"objects"`
	Gateways []gatewayFiles  `json:"gateways"`
	Panic    string          `json:"panic,omitempty"`
}

// definition is what the API server makes of one version in a CustomResourceDefinition.
type definition struct {
	structural *structuralschema.Structural
	schema     crvalidation.SchemaValidator
	rules      *cel.Validator
	namespaced bool
}

var scheme = runtime.NewScheme()

func init() {
	for _, add := range []func(*runtime.Scheme) error{
		gatewayv1.Install, gatewayv1beta1.Install, gatewayv1alpha2.Install, corev1.AddToScheme, discoveryv1.AddToScheme,
		ngfv1alpha1.AddToScheme, ngfv1alpha2.AddToScheme, apiextv1.AddToScheme, inference.Install,
	} {
		utilruntime.Must(add(scheme))
	}
}

// definitions reads the CustomResourceDefinitions of some folders, and what the controller looks at in them.
func definitions(folders []string) (map[schema.GroupVersionKind]definition, []client.Object, error) {
	found := map[schema.GroupVersionKind]definition{}
	var metadata []client.Object
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		if err != nil {
			return nil, nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, nil, err
			}
			var crd apiextv1.CustomResourceDefinition
			if err := yaml.Unmarshal(text, &crd); err != nil || crd.Kind != "CustomResourceDefinition" {
				continue
			}
			partial := &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"}}
			partial.Name, partial.Annotations = crd.Name, crd.Annotations
			if crd.Spec.Group == gatewayv1.GroupName {
				metadata = append(metadata, partial)
			}
			for _, version := range crd.Spec.Versions {
				internal := &apiextensions.JSONSchemaProps{}
				if err := apiextv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, internal, nil); err != nil {
					return nil, nil, err
				}
				structural, err := structuralschema.NewStructural(internal)
				if err != nil {
					return nil, nil, fmt.Errorf("%s: %w", file, err)
				}
				validator, _, err := crvalidation.NewSchemaValidator(internal)
				if err != nil {
					return nil, nil, fmt.Errorf("%s: %w", file, err)
				}
				kind := schema.GroupVersionKind{Group: crd.Spec.Group, Version: version.Name, Kind: crd.Spec.Names.Kind}
				found[kind] = definition{structural, validator, cel.NewValidator(structural, true, celconfig.PerCallLimit), crd.Spec.Scope == apiextv1.NamespaceScoped}
			}
		}
	}
	return found, metadata, nil
}

// admit sets defaults in an object, and says why it is refused.
func (d definition) admit(object map[string]any) string {
	unknown := pruning.PruneWithOptions(object, d.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if len(unknown) > 0 {
		return "strict decoding error: unknown field " + strings.Join(unknown, ", ")
	}
	defaulting.Default(object, d.structural)
	defaulting.PruneNonNullableNullsWithoutDefaults(object, d.structural)
	errs := crvalidation.ValidateCustomResource(nil, object, d.schema)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, d.structural, object)...)
	if len(errs) == 0 && d.rules != nil {
		errs, _ = d.rules.Validate(context.Background(), nil, d.structural, object, nil, celconfig.RuntimeCELCostBudget)
	}
	if len(errs) > 0 {
		return errs.ToAggregate().Error()
	}
	return ""
}

// stored is the version in which the controller reads a kind.
func stored(kind schema.GroupVersionKind) schema.GroupVersionKind {
	if kind.Group != gatewayv1.GroupName {
		return kind
	}
	kind.Version = "v1"
	if kind.Kind == kinds.TCPRoute || kind.Kind == kinds.UDPRoute {
		kind.Version = "v1alpha2"
	}
	return kind
}

func typed(kind schema.GroupVersionKind, object map[string]any) (client.Object, error) {
	made, err := scheme.New(kind)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, made); err != nil {
		return nil, err
	}
	made.GetObjectKind().SetGroupVersionKind(kind)
	switch one := made.(type) {
	case *corev1.Secret:
		if one.Data == nil {
			one.Data = map[string][]byte{}
		}
		for key, value := range one.StringData {
			one.Data[key] = []byte(value)
		}
		one.StringData = nil
	case *corev1.Service:
		one.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
		for i := range one.Spec.Ports {
			if one.Spec.Ports[i].Protocol == "" {
				one.Spec.Ports[i].Protocol = corev1.ProtocolTCP
			}
		}
	case *corev1.Namespace:
		if one.Labels == nil {
			one.Labels = map[string]string{}
		}
		one.Labels["kubernetes.io/metadata.name"] = one.Name
	}
	return made.(client.Object), nil
}

// slices answers the one question that the controller asks of the API server outside its own store.
type slices struct {
	client.Client
	all []discoveryv1.EndpointSlice
}

func (s slices) List(_ context.Context, list client.ObjectList, how ...client.ListOption) error {
	var asked client.ListOptions
	asked.ApplyOptions(how)
	out := list.(*discoveryv1.EndpointSliceList)
	for _, one := range s.all {
		if one.Namespace != asked.Namespace {
			continue
		}
		for _, wanted := range asked.FieldSelector.Requirements() {
			if one.Labels[discoveryv1.LabelServiceName] == wanted.Value {
				out.Items = append(out.Items, one)
			}
		}
	}
	return nil
}

func processor(class string) *state.ChangeProcessorImpl {
	extract := kinds.NewMustExtractGKV(scheme)
	generic := ngxvalidation.GenericValidator{}
	manager := policies.NewManager(
		extract,
		policies.ManagerConfig{GVK: extract(&ngfv1alpha1.ClientSettingsPolicy{}), Validator: clientsettings.NewValidator(generic)},
		policies.ManagerConfig{GVK: extract(&ngfv1alpha2.ObservabilityPolicy{}), Validator: observability.NewValidator(generic)},
		policies.ManagerConfig{GVK: extract(&ngfv1alpha1.ProxySettingsPolicy{}), Validator: proxysettings.NewValidator(generic)},
		policies.ManagerConfig{GVK: extract(&ngfv1alpha1.UpstreamSettingsPolicy{}), Validator: upstreamsettings.NewValidator(generic, false)},
		policies.ManagerConfig{GVK: extract(&ngfv1alpha1.RateLimitPolicy{}), Validator: ratelimit.NewValidator(generic)},
		policies.ManagerConfig{GVK: extract(&ngfv1alpha1.WAFPolicy{}), Validator: waf.NewValidator()},
		policies.ManagerConfig{GVK: extract(&ngfv1alpha1.SnippetsPolicy{}), Validator: snippetspolicy.NewValidator()},
	)
	return state.NewChangeProcessorImpl(state.ChangeProcessorConfig{
		GatewayCtlrName:  controllerName,
		GatewayClassName: class,
		Logger:           logr.Discard(),
		Validators: validation.Validators{
			HTTPFieldsValidator: ngxvalidation.HTTPValidator{},
			GenericValidator:    generic,
			AuthFieldsValidator: ngxvalidation.AuthFieldValidator{},
			PolicyValidator:     manager,
		},
		MustExtractGVK: extract,
		Snippets:       true,
		FeatureFlags:   graph.FeatureFlags{Experimental: os.Getenv("NGF_EXPERIMENTAL") != ""},
	})
}

type place struct {
	kind string
	name types.NamespacedName
}

func respond(asked question, known map[schema.GroupVersionKind]definition, metadata []client.Object) (out answer) {
	defer func() {
		if reason := recover(); reason != nil {
			out.Panic = fmt.Sprintf("%v\n%s", reason, debug.Stack())
		}
	}()
	controller, live, all := processor(asked.Class), map[place]client.Object{}, slices{}
	for _, one := range metadata {
		controller.CaptureUpsertChange(one)
	}
	for _, text := range asked.Objects {
		var meta metav1.PartialObjectMetadata
		var object map[string]any
		// This decoder keeps integers, which the rules of definitions want.
		if err := errors.Join(utiljson.Unmarshal(text, &object), json.Unmarshal(text, &meta)); err != nil {
			out.Refused = append(out.Refused, refusal{fmt.Sprint(object["kind"]), err.Error()})
			continue
		}
		kind := meta.GroupVersionKind()
		title := kind.Kind + " " + strings.TrimPrefix(meta.Namespace+"/"+meta.Name, "/")
		core := kind.Group == "" || kind.Group == discoveryv1.GroupName
		if !core {
			definition, defined := known[kind]
			if !defined {
				out.Refused = append(out.Refused, refusal{title, fmt.Sprintf("no matches for kind %q in version %q", kind.Kind, kind.GroupVersion())})
				continue
			}
			if why := definition.admit(object); why != "" {
				out.Refused = append(out.Refused, refusal{title, why})
				continue
			}
		}
		one, err := typed(stored(kind), object)
		if err != nil {
			if !core {
				out.Refused = append(out.Refused, refusal{title, err.Error()})
			}
			continue
		}
		live[place{kind.Kind, client.ObjectKeyFromObject(one)}] = one
		out.Objects = append(out.Objects, one)
		if slice, is := one.(*discoveryv1.EndpointSlice); is {
			all.all = append(all.all, *slice)
			continue
		}
		controller.CaptureUpsertChange(one.DeepCopyObject().(client.Object))
	}
	ctx, now := context.Background(), metav1.Now()
	built := controller.Process(ctx)
	if built == nil {
		return out
	}
	requests := status.PrepareGatewayClassRequests(built.GatewayClass, built.IgnoredGatewayClasses, now)
	generator := ngxcfg.NewGeneratorImpl(false, nil, logr.Discard())
	for name, gateway := range built.Gateways {
		if gateway.Valid && len(gateway.Listeners) > 0 {
			configuration := dataplane.BuildConfiguration(ctx, logr.Discard(), built, gateway, resolver.NewServiceResolverImpl(all), false)
			files := gatewayFiles{name.Namespace, name.Name, map[string]string{}}
			for _, file := range generator.Generate(configuration) {
				files.Files[file.Meta.Name] = string(file.Contents)
			}
			out.Gateways = append(out.Gateways, files)
		}
		requests = append(requests, status.PrepareGatewayRequests(gateway, now, nil, graph.NginxReloadResult{})...)
	}
	requests = append(requests, status.PrepareRouteRequests(built.L4Routes, built.Routes, now, controllerName)...)
	requests = append(requests, status.PrepareBackendTLSPolicyRequests(built.BackendTLSPolicies, now, controllerName)...)
	requests = append(requests, status.PrepareNGFPolicyRequests(built.NGFPolicies, now, controllerName)...)
	requests = append(requests, status.PrepareSnippetsFilterRequests(built.SnippetsFilters, now, controllerName)...)
	requests = append(requests, status.PrepareAuthenticationFilterRequests(built.AuthenticationFilters, now, controllerName)...)
	requests = append(requests, status.PrepareListenerSetRequests(built.ListenerSets, now)...)
	extract := kinds.NewMustExtractGKV(scheme)
	for _, request := range requests {
		resource := request.ResourceType.(client.Object)
		if one, is := live[place{extract(resource).Kind, request.NsName}]; is {
			request.Setter(one)
		}
	}
	return out
}

func main() {
	known, metadata, err := definitions(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := json.NewEncoder(os.Stdout)
	for {
		line, err := input.ReadBytes('\n')
		if len(line) > 0 {
			var asked question
			if err := json.Unmarshal(line, &asked); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			if err := output.Encode(respond(asked, known, metadata)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		if err != nil {
			return
		}
	}
}
