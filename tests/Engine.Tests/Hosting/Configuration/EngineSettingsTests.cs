using System.Collections;
using Engine.Access;
using Engine.Database;
using Engine.Database.Embedded;
using Engine.Hosting;
using Engine.Hosting.Configuration;
using Engine.Hosting.Telemetry;
using Engine.Http;
using Support;

namespace Engine.Tests.Hosting.Configuration;

public sealed class EngineSettingsTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly Dictionary<string, string> environment = [];

    public EngineSettingsTests() => environment["ENGINE_DATA"] = folder.Path;

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Without_any_configuration_the_defaults_are_good()
    {
        var settings = Load();

        Assert.Equal(["http://127.0.0.1:7410"], settings.Get<HttpSettings>().Listen);
        Assert.True(settings.Get<DatabaseSettings>().IsEmbedded);
        Assert.Null(settings.File);
    }

    [Fact]
    public void The_environment_wins_over_the_file_and_arrays_may_be_written_either_way()
    {
        folder.File("engine.json", """
            {
              // comments and trailing commas are fine
              "http": { "listen": ["http://127.0.0.1:1", "http://[::1]:2"], "maxBodyBytes": 4096, },
              "database": { "startTimeout": "00:00:05" },
            }
            """);
        environment["ENGINE__HTTP__MAXBODYBYTES"] = "8192";
        environment["engine__http__trustedproxies"] = "10.0.0.0/8, 192.168.1.7";

        var settings = Load();

        Assert.Equal(["http://127.0.0.1:1", "http://[::1]:2"], settings.Get<HttpSettings>().Listen);
        Assert.Equal(8192, settings.Get<HttpSettings>().MaxBodyBytes);
        Assert.Equal(["10.0.0.0/8", "192.168.1.7"], settings.Get<HttpSettings>().TrustedProxies);
        Assert.Equal(TimeSpan.FromSeconds(5), settings.Get<DatabaseSettings>().StartTimeout);
        Assert.Equal("ENGINE__HTTP__MAXBODYBYTES", settings.Values["Engine:Http:MaxBodyBytes"].Origin);
    }

    [Fact]
    public void Every_problem_of_every_section_is_told_at_once_with_key_value_limit_and_remedy()
    {
        folder.File("engine.json", """{ "http": { "lisen": "x", "maxBodyBytes": 12 }, "databse": { "maxPoolSize": 7 } }""");
        environment["ENGINE__DATABASE__MAXPOOLSIZE"] = "many";
        environment["ENGINE__ACCESS__REQUESTSPERSECONDPERTOKEN"] = "0";

        var refusal = Assert.Throws<StartupException>(() => Load());

        Assert.Contains("5 problems", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Engine:http:lisen is not a setting", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean Engine:Http:Listen?", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Engine:Http:MaxBodyBytes must be from 1024 to 104857600, is 12", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean Engine:Database:MaxPoolSize?", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Engine:Database:MaxPoolSize must be a whole number, is \"many\" (from ENGINE__DATABASE__MAXPOOLSIZE)", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("or set ENGINE__ACCESS__REQUESTSPERSECONDPERTOKEN.", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"http\": ", "line 1")]
    [InlineData("{\n  \"http\": { \"listen\": \"a\" \"b\" }\n}", "line 2")]
    [InlineData("[]", "must be an object")]
    [InlineData("\0\u0001", "not readable as JSON")]
    [InlineData("{ \"http\": {}, \"http\": {} }", "http")]
    public void A_corrupted_file_is_told_with_its_place(string text, string mentions)
    {
        var path = folder.File("engine.json", text);

        var refusal = Assert.Throws<StartupException>(() => Load());

        Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(mentions, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_was_named_must_be_there() =>
        Assert.Contains("cannot be read", Assert.Throws<StartupException>(() => EngineSettings.Load(folder.Path + "/absent.json", environment)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_secret_in_the_file_is_refused_and_not_repeated()
    {
        folder.File("engine.json", """{ "database": { "connectionString": "Host=db;Password=hunter2" } }""");

        var refusal = Assert.Throws<StartupException>(() => Load());

        Assert.Contains("ENGINE__DATABASE__CONNECTIONSTRING_FILE", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_is_taken_from_the_file_that_a_variable_names()
    {
        environment["ENGINE__DATABASE__CONNECTIONSTRING_FILE"] = folder.File("dsn", "Host=db;Database=engine;Username=engine;Password=s3cret\n");

        Assert.Equal("Host=db;Database=engine;Username=engine;Password=s3cret", Load().Get<DatabaseSettings>().ConnectionString);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_told_by_its_variable_and_a_secrets_without_its_value()
    {
        environment["ENGINE__DATABASE__CONNECTIONSTRING_FILE"] = "Host=db;Password=hunter2";
        environment["ENGINE__DATABASE__CONECTIONSTRING_FILE"] = "Host=db;Password=hunter3";
        environment["ENGINE__HTTP__LISTEN_FILE"] = "/nowhere/listen";

        var refusal = Assert.Throws<StartupException>(() => Load()).Message;

        Assert.Contains("ENGINE__DATABASE__CONNECTIONSTRING_FILE names a file that cannot be read", refusal, StringComparison.Ordinal);
        Assert.Contains("ENGINE__DATABASE__CONECTIONSTRING_FILE names a file that cannot be read", refusal, StringComparison.Ordinal);
        Assert.Contains("/nowhere/listen", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_named_file_that_is_empty_is_a_problem()
    {
        environment["ENGINE__DATABASE__CONNECTIONSTRING_FILE"] = folder.File("dsn", "\n");

        Assert.Contains("CONNECTIONSTRING_FILE names a file that is empty", Assert.Single(Problems()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ENGINE__HTTP__MAXBODYBYTES", "ENGINE__HTTP__MAXBODYBYTES_FILE")]
    [InlineData("ENGINE__HTTP__MAXBODYBYTES", "engine__http__maxbodybytes")]
    public void A_setting_that_two_variables_set_is_a_problem_that_names_both(string one, string other)
    {
        environment[one] = "4096";
        environment[other] = other.EndsWith("_FILE", StringComparison.Ordinal) ? folder.File("value", "8192") : "8192";

        var problem = Assert.Single(Problems());

        Assert.Contains($"by {one} and by {other}", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_variables_leave_what_is_optional_unset()
    {
        environment["ENGINE__DATABASE__CONNECTIONSTRING"] = "";
        environment["ENGINE__DATABASE__CONNECTIONSTRING_FILE"] = folder.File("dsn", "Host=db");
        environment["ENGINE__DATABASE__OWNERCONNECTIONSTRING"] = "";
        environment["ENGINE__DATABASE__READERCONNECTIONSTRING_FILE"] = "";
        environment["ENGINE__DATABASE__EMBEDDED__BINARIESFOLDER"] = " ";
        environment["ENGINE__TELEMETRY__OTLPENDPOINT"] = "";

        var settings = Load();

        Assert.Equal(("Host=db", null, null), (settings.Get<DatabaseSettings>().ConnectionString,
            settings.Get<DatabaseSettings>().OwnerConnectionString, settings.Get<DatabaseSettings>().ReaderConnectionString));
        Assert.Null(settings.Get<EmbeddedPostgresSettings>().BinariesFolder);
        Assert.Null(settings.Get<TelemetrySettings>().OtlpEndpoint);
    }

    [Theory]
    [InlineData("ENGINE__TELEMETRY__SERVICENAME")]
    [InlineData("ENGINE__HTTP__MAXBODYBYTES")]
    [InlineData("ENGINE__DATABASE__MIGRATEONSTART")]
    public void An_empty_value_of_what_must_have_one_is_a_problem(string variable)
    {
        environment[variable] = "";

        Assert.Contains($"is \"\" (from {variable})", Assert.Single(Problems()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Hst=db;Password=hunter2")]
    [InlineData("Database=engine;Password=hunter2")]
    [InlineData("postgres://engine:hunter2@db/engine")]
    public void A_wrong_connection_string_is_told_without_its_password(string text)
    {
        environment["ENGINE__DATABASE__CONNECTIONSTRING"] = text;

        var refusal = Assert.Throws<StartupException>(() => Load());

        Assert.Contains("Engine:Database:ConnectionString must be", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:7410", false, "BehindTls")]
    [InlineData("http://10.1.2.3:7410", false, "BehindTls")]
    [InlineData("https://127.0.0.1:7410", false, "http://IP:PORT")]
    [InlineData("http://example.com:80", false, "http://IP:PORT")]
    [InlineData("http://0.0.0.0:7410", true, null)]
    [InlineData("http://[::1]:7410", false, null)]
    [InlineData("http://localhost:0", false, null)]
    public void Only_loopback_is_listened_on_unless_tls_in_front_is_stated(string listen, bool behindTls, string? problem)
    {
        environment["ENGINE__HTTP__LISTEN"] = listen;
        environment["ENGINE__HTTP__BEHINDTLS"] = behindTls.ToString();

        var (_, problems) = EngineSettings.Check(null, environment);

        if (problem is null) Assert.Empty(problems);
        else Assert.Contains(problem, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_has_a_description_and_a_default_that_passes_its_own_check()
    {
        Assert.All(Setting.All, s => Assert.False(string.IsNullOrWhiteSpace(s.Description), s.Key));
        Assert.All(SettingsSections.All, s => Assert.Empty(((IChecked)Activator.CreateInstance(s.Type)!).Problems()));
        Assert.NotEqual(0, new AccessSettings().RequestsPerSecondPerToken);
    }

    IReadOnlyList<string> Problems() => EngineSettings.Check(null, environment).Problems;

    EngineSettings Load() => EngineSettings.Load(null, (IDictionary)environment);
}
