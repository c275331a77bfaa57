using System.Text;
using System.Text.Json;
using Crawlers.Logs.Events;
using Crawlers.Logs.Sources;
using Crawlers.Logs.Sources.Containers;
using Crawlers.Logs.Sources.Files;
using Crawlers.Tests.Logs.Sources.Files;
using Support;

namespace Crawlers.Tests.Logs.Sources.Containers;

/// <summary>Containers are found where Docker and kubelet keep their logs, and named as people name them.</summary>
public sealed class ContainerTests : IDisposable
{
    const string Id = "3f4e8a6d0c1b2a39485766554433221100ffeeddccbbaa998877665544332211";
    readonly TempFolder folder = new();
    readonly ManualTime time = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("""{"ID":"x","Name":"/shop-web-1","Config":{"Hostname":"x","Image":"shop/web:1.2","Labels":{"com.docker.compose.service":"web","org.opencontainers.image.version":"1.2"}}}""", "web", "1.2")]
    [InlineData("""{"ID":"x","Name":"/quiet_turing","Config":{"Labels":{}}}""", "quiet_turing", null)]
    [InlineData("""{"Name":"/a","Config":null}""", "a", null)]
    [InlineData("""{"Name":""", null, null)]
    [InlineData("[]", null, null)]
    public async Task A_container_is_named_by_compose_or_by_its_name(string description, string? service, string? release)
    {
        Container(description);
        Docker("one");
        await using var reader = DockerFiles.Read(new DockerSettings { Folder = folder.Path }, new Dictionary<string, string>(), time);

        var given = Given.Of(await reader.ReadAsync(CancellationToken.None)).Single();

        Assert.Equal(new LogLabels(service, release), given.Labels);
        Assert.Equal("one", Text(given.Lines[0]));
    }

    [Fact]
    public async Task A_container_whose_description_comes_later_is_named_from_then_on()
    {
        Directory.CreateDirectory(Path.Combine(folder.Path, Id));
        Docker("one");
        await using var reader = DockerFiles.Read(new DockerSettings { Folder = folder.Path }, new Dictionary<string, string>(), time);
        Assert.Null((await ReadAsync(reader)).Single().Labels.Service);

        Container("""{"Name":"/web","Config":{}}""");
        Docker("two");

        Assert.Equal("web", (await ReadAsync(reader)).Single().Labels.Service);
    }

    [Fact]
    public async Task Dockers_rotation_is_followed()
    {
        Container("""{"Name":"/web","Config":{}}""");
        var log = $"{Id}/{Id}-json.log";
        await using var reader = DockerFiles.Read(new DockerSettings { Folder = folder.Path }, new Dictionary<string, string>(), time);
        var lines = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            Docker($"line {i}");
            if (i % 2 == 0) lines.AddRange((await ReadAsync(reader)).SelectMany(g => g.Lines).Select(Text));
            Docker($"last before rotation {i}");
            // max-file=4, compress=true: the oldest go on, the last but one is packed.
            Shell($"for n in 3 2 1; do if [ -e {log}.$n.gz ]; then mv {log}.$n.gz {log}.$((n + 1)).gz; fi; done; mv {log} {log}.1; gzip {log}.1; : > {log}");
        }
        for (var i = 0; i < 3; i++) lines.AddRange((await ReadAsync(reader)).SelectMany(g => g.Lines).Select(Text));

        Assert.Equal(Enumerable.Range(0, 6).SelectMany(i => new[] { $"line {i}", $"last before rotation {i}" }).Order(), lines.Order());
    }

    [Fact]
    public async Task Kubelets_rotation_is_followed()
    {
        const string Log = "shop_web-7d4b9c6f58-x2x9z_0f7a1f5e-1111-2222-3333-444455556666/app/0.log";
        Pod(Log, "one");
        Pod("kube-system_dns-abcde_0f7a1f5e-1111-2222-3333-444455556667/dns/0.log", "not of this namespace");
        await using var reader = KubernetesFiles.Read(new KubernetesSettings { Folder = folder.Path, Namespaces = ["shop"] }, new Dictionary<string, string>(), time);
        var given = new List<Given>(await ReadAsync(reader));
        Pod(Log, "two");
        Shell($"mv {Log} {Log}.20260301-090000");
        Pod(Log, "three");
        given.AddRange(await ReadAsync(reader));
        Pod(Log, "four");
        // The next rotation packs the file of the one before: into a file beside it, which is then renamed.
        Shell($"gzip -c {Log}.20260301-090000 > {Log}.20260301-090000.tmp");
        given.AddRange(await ReadAsync(reader));
        Shell($"mv {Log}.20260301-090000.tmp {Log}.20260301-090000.gz; rm {Log}.20260301-090000; mv {Log} {Log}.20260301-100000; : > {Log}");
        for (var i = 0; i < 3; i++) given.AddRange(await ReadAsync(reader));

        Assert.Equal(["one", "two", "three", "four"], given.SelectMany(g => g.Lines).Select(Text));
        Assert.All(given, g => Assert.Equal("web", g.Labels.Service));
    }

    [Theory]
    [InlineData("web-7d4b9c6f58-x2x9z", "web")]
    [InlineData("web-api-7d4b9c6f58-x2x9z", "web-api")]
    [InlineData("agent-x2x9z", "agent")]
    [InlineData("db-0", "db")]
    [InlineData("db-replica-12", "db-replica")]
    [InlineData("report-29012345-x2x9z", "report")]
    [InlineData("kube-apiserver-node1", "kube-apiserver-node1")]
    [InlineData("my-nginx", "my-nginx")]
    [InlineData("single", "single")]
    public void A_workload_is_what_its_pods_have_in_common(string pod, string workload) => Assert.Equal(workload, KubernetesFiles.WorkloadOf(pod));

    [Fact]
    public void A_service_can_be_named_by_the_container()
    {
        var path = "/var/log/pods/shop_web-7d4b9c6f58-x2x9z_0f7a1f5e/proxy/0.log";

        Assert.Equal("proxy", new KubernetesFiles(ServiceName.Container).LabelsOf(path).Service);
        Assert.Null(new KubernetesFiles(ServiceName.Container).LabelsOf("/var/log/0.log").Service);
    }

    async Task<List<Given>> ReadAsync(FilesReader reader)
    {
        var given = new List<Given>();
        time.Advance(TimeSpan.FromSeconds(1));
        for (var read = await reader.ReadAsync(CancellationToken.None); read.Chunks.Count > 0; read = await reader.ReadAsync(CancellationToken.None)) given.AddRange(Given.Of(read));
        return given;
    }

    void Container(string description)
    {
        Directory.CreateDirectory(Path.Combine(folder.Path, Id));
        folder.File($"{Id}/config.v2.json", description);
    }

    void Docker(string text) => File.AppendAllText(Path.Combine(folder.Path, Id, $"{Id}-json.log"),
        JsonSerializer.Serialize(new { log = text + "\n", stream = "stdout", time = "2026-03-01T09:00:00.000000000Z" }) + "\n");

    void Pod(string log, string text)
    {
        var path = Path.Combine(folder.Path, log);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.AppendAllText(path, $"2026-03-01T09:00:00.000000000Z stdout F {text}\n");
    }

    void Shell(string line) => ShellLine.Run(folder.Path, line);

    static string Text(string line) => Encoding.UTF8.GetString(new Unwrap().Run(Encoding.UTF8.GetBytes(line)).Text);
}
