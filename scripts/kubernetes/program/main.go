// Command kube is the whole of Kubernetes that a test cluster runs, linked once: etcd, the control plane, kubelet,
// kube-proxy and kubectl. `kube COMPONENT FLAGS…`, or by a link that is named like the component.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	_ "time/tzdata"

	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlfailure "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// A component's command is made only when it is asked for: made together, their flags and metrics would collide.
var components = map[string]func(){
	"etcd":                    func() { etcdmain.Main(os.Args) },
	"kube-apiserver":          func() { os.Exit(cli.Run(apiserver.NewAPIServerCommand())) },
	"kube-controller-manager": func() { os.Exit(cli.Run(controllers.NewControllerManagerCommand())) },
	"kube-scheduler":          func() { os.Exit(cli.Run(scheduler.NewSchedulerCommand())) },
	"kubelet":                 func() { os.Exit(cli.Run(kubelet.NewKubeletCommand(context.Background()))) },
	"kube-proxy":              func() { os.Exit(cli.Run(proxy.NewProxyCommand())) },
	"kubectl":                 runKubectl,
}

func runKubectl() {
	// kubectl logs while it still reads its flags, so the verbosity is set beforehand; a wrong one it reports itself.
	_, _ = logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlfailure.CheckErr(err)
	}
}

func main() {
	// The commands read os.Args[1:], so a leading program name goes.
	if filepath.Base(os.Args[0]) == "kube" {
		os.Args = os.Args[1:]
	}
	if len(os.Args) > 0 {
		if run, known := components[filepath.Base(os.Args[0])]; known {
			run()
			return
		}
	}
	fmt.Fprintf(os.Stderr, "usage: kube %s [flags]\n", strings.Join(slices.Sorted(maps.Keys(components)), "|"))
	os.Exit(2)
}
