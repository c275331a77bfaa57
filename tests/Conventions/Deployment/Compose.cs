using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using YamlDotNet.Serialization;

namespace Conventions.Deployment;

/// <summary><c>docker-compose.yml</c>: every setting it names exists, every file it mounts is there, and no service has more rights than it needs.</summary>
public sealed class Compose
{
    static readonly SourceFile Written = Repository.File("docker-compose.yml");
    static readonly YamlMappingNode Root = Merged(Written.Text);

    static IEnumerable<string> Names => Mapping(Root, "services").Children.Keys.Select(k => k.ToString());

    static IEnumerable<YamlMappingNode> Services => Mapping(Root, "services").Children.Values.Cast<YamlMappingNode>();

    public static TheoryData<string> ServiceNames() => [.. Names];

    [Fact]
    public void The_engine_and_its_database_are_the_services() => Assert.Equal(["engine", "postgres"], Names);

    [Fact]
    public void Every_setting_named_exists() => Violation.None(
        from service in Services
        from variable in Variables(service)
        let rule = Variable.Fault(variable.Value!)
        where rule is not null
        select Written.At(Written.Text.IndexOf(variable.Value!, StringComparison.Ordinal), rule));

    [Fact]
    public void A_variable_that_names_a_file_names_a_secret_of_its_service() => Assert.All(
        Services, service =>
            Assert.All(Variables(service).Where(v => v.Value!.EndsWith("_FILE", StringComparison.Ordinal)), variable =>
                Assert.Contains(Mapping(service, "environment")[variable].ToString(), Texts(service, "secrets").Select(s => $"/run/secrets/{s}"))));

    [Theory]
    [MemberData(nameof(ServiceNames))]
    public void A_service_is_closed(string name)
    {
        var service = (YamlMappingNode)Mapping(Root, "services")[name];

        Assert.Equal("true", service["read_only"].ToString());
        Assert.Equal(["ALL"], Texts(service, "cap_drop"));
        Assert.Contains("no-new-privileges:true", Texts(service, "security_opt"));
        Assert.Contains("/tmp", Texts(service, "tmpfs"));
        Assert.DoesNotContain(service["user"].ToString(), new[] { "", "root", "0" });
        if (!service.Children.ContainsKey("build")) Assert.NotEmpty(Texts(Mapping(service, "healthcheck"), "test")); // the image has its own
        Assert.DoesNotContain("privileged", service.Children.Keys.Select(k => k.ToString()));
    }

    [Fact]
    public void Ports_are_open_on_loopback_only() => Assert.All(
        Services.Where(s => s.Children.ContainsKey("ports")).SelectMany(s => Texts(s, "ports")),
        port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));

    [Fact]
    public void What_is_mounted_or_built_from_the_checkout_is_in_it()
    {
        var mounted = Services.SelectMany(s => Texts(s, "volumes")).Where(v => v.StartsWith("./", StringComparison.Ordinal)).Select(v => v.Split(':')[0][2..]);
        var built = Services.Where(s => s.Children.ContainsKey("build")).Select(s => Mapping(s, "build")["dockerfile"].ToString());

        Assert.All([.. mounted, .. built], path => Assert.True(Repository.Has(path), $"docker-compose.yml names {path}, which is not in the repository"));
    }

    [Fact]
    public void Secrets_are_made_by_the_script_and_never_in_the_repository()
    {
        var script = Repository.File("ops/docker/make-secrets").Text;
        foreach (var (name, secret) in Mapping(Root, "secrets").Children)
        {
            Assert.Equal($"ops/docker/.secrets/{name}", secret["file"].ToString());
            Assert.Contains($"\nwrite {name} ", script, StringComparison.Ordinal);
        }
        Assert.DoesNotContain(Repository.Files, f => f.Path.StartsWith("ops/docker/.secrets", StringComparison.Ordinal));
    }

    /// <summary>The document with its anchors and merge keys resolved; it has no lines of the original any more.</summary>
    static YamlMappingNode Merged(string text)
    {
        var merged = new DeserializerBuilder().Build().Deserialize<object>(new MergingParser(new Parser(new StringReader(text))));
        var stream = new YamlStream();
        stream.Load(new StringReader(new SerializerBuilder().Build().Serialize(merged)));
        return (YamlMappingNode)stream.Documents[0].RootNode;
    }

    static YamlMappingNode Mapping(YamlMappingNode node, string key) => (YamlMappingNode)node[key];

    static IEnumerable<string> Texts(YamlMappingNode node, string key) => ((YamlSequenceNode)node[key]).Select(n => n.ToString());

    static IEnumerable<YamlScalarNode> Variables(YamlMappingNode service) =>
        service.Children.ContainsKey("environment") ? Mapping(service, "environment").Children.Keys.Cast<YamlScalarNode>() : [];
}
