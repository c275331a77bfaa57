using Routing.Policies;

namespace Routing.Tests.Policies;

/// <summary>Everything that is wrong with a policy is told, with its path, the limit and the value.</summary>
public sealed class ReadPolicyConfigTests
{
    [Theory]
    [InlineData("", "The policy is not JSON")]
    [InlineData("{", "The policy is not JSON")]
    [InlineData("[]", "The policy must be an object, is [].")]
    [InlineData("null", "The policy must be an object, is null.")]
    [InlineData("{}", "models is missing.|max_cost_per_task_usd is missing.")]
    [InlineData("""{"models":[],"max_cost_per_task_usd":1}""", "models must have at least 1 item, has 0.")]
    [InlineData("""{"models":"gpt","max_cost_per_task_usd":1}""", "models must be an array, is \"gpt\".")]
    [InlineData("""{"models":[{"model":"a/b"}],"max_cost_per_task_usd":1}""", "models[0].priority is missing.")]
    [InlineData("""{"models":[{"model":"a/b","priority":0}],"max_cost_per_task_usd":1}""", "models[0].priority must be at least 1, is 0.")]
    [InlineData("""{"models":[{"model":"a/b","priority":1.5}],"max_cost_per_task_usd":1}""", "models[0].priority must be a whole number, is 1.5.")]
    [InlineData("""{"models":[{"model":"a/b","priority":"1"}],"max_cost_per_task_usd":1}""", "models[0].priority must be a whole number, is \"1\".")]
    [InlineData("""{"models":[{"model":"a b","priority":1}],"max_cost_per_task_usd":1}""", "models[0].model must be of the form ^[A-Za-z0-9~][A-Za-z0-9._:/@+-]{0,199}$, is \"a b\".")]
    [InlineData("""{"models":[{"model":"a/b","priority":1,"weight":2}],"max_cost_per_task_usd":1}""", "\"weight\" is no member of models[0]; there are model, priority, aliases, when.")]
    [InlineData("""{"models":[{"model":"a/b","priority":1},{"model":"a/b","priority":2}],"max_cost_per_task_usd":1}""", "models has a/b 2 times.")]
    [InlineData("""{"models":[{"model":"a/b","priority":1,"aliases":["a/b"]}],"max_cost_per_task_usd":1}""", "models has a/b as its own successor.")]
    [InlineData("""{"models":[{"model":"a/b","priority":1,"aliases":["a/c","a/c"]}],"max_cost_per_task_usd":1}""", "models[0].aliases has \"a/c\" 2 times.")]
    public void What_is_wrong_with_the_form_is_told(string json, string problems) => Tell(json, problems);

    [Theory]
    [InlineData("\"max_cost_per_task_usd\":-0.01", "max_cost_per_task_usd must be at least 0, is -0.01.")]
    [InlineData("\"max_cost_per_task_usd\":10000.01", "max_cost_per_task_usd must be at most 10000, is 10000.01.")]
    [InlineData("\"max_cost_per_task_usd\":1e300", "max_cost_per_task_usd must be at most 10000, is 1e300.")]
    [InlineData("\"max_cost_per_task_usd\":-1e300", "max_cost_per_task_usd must be at least 0, is -1e300.")]
    [InlineData("\"max_cost_per_task_usd\":\"1\"", "max_cost_per_task_usd must be a number, is \"1\".")]
    [InlineData("\"max_cost_per_task_usd\":null", "max_cost_per_task_usd must be a number, is null.")]
    [InlineData("\"max_cost_per_task_usd\":1,\"max_cost_per_task_usd\":2", "max_cost_per_task_usd is given twice.")]
    [InlineData("\"max_cost_per_task_usd\":1,\"max_cost\":2", "\"max_cost\" is no member of a policy; there are description, aliases, models,")]
    [InlineData("\"max_cost_per_task_usd\":1,\"max_tokens\":0", "max_tokens must be at least 1, is 0.")]
    [InlineData("\"max_cost_per_task_usd\":1,\"max_tokens\":99999999999999999999", "max_tokens must be at most 1000000, is 99999999999999999999.")]
    [InlineData("\"max_cost_per_task_usd\":1,\"min_tokens\":5000", "min_tokens must be at most max_tokens, 4000, is 5000.")]
    [InlineData("\"max_cost_per_task_usd\":1,\"temperature\":2.1", "temperature must be at most 2, is 2.1.")]
    [InlineData("\"max_cost_per_task_usd\":1,\"weights\":{\"cost\":1}", "weights.quality is missing.|weights.latency is missing.")]
    [InlineData("\"max_cost_per_task_usd\":1,\"weights\":{\"cost\":0,\"quality\":0,\"latency\":0}", "weights must not all be 0.")]
    [InlineData("\"max_cost_per_task_usd\":1,\"weights\":{\"cost\":-1,\"quality\":0,\"latency\":2}", "weights.cost must be at least 0, is -1.|weights.latency must be at most 1, is 2.")]
    [InlineData("\"max_cost_per_task_usd\":1,\"aliases\":[\"Deep Research\"]", "aliases[0] must be of the form ^[a-z][a-z0-9_]{0,62}$, is \"Deep Research\".")]
    [InlineData("\"max_cost_per_task_usd\":1,\"data\":{\"eu_only\":\"yes\"}", "data.eu_only must be true or false, is \"yes\".")]
    [InlineData("\"max_cost_per_task_usd\":1,\"data\":{\"allow_providers\":[\"a\",\"b\"],\"deny_providers\":[\"b\"]}", "data.deny_providers has b, which data.allow_providers has too.")]
    [InlineData("\"max_cost_per_task_usd\":1,\"description\":\"a\\u0000b\"", "description must not have control characters.")]
    public void What_is_wrong_with_a_value_is_told(string members, string problems) => Tell($$"""{"models":[{"model":"a/b","priority":1}],{{members}}}""", problems);

    [Theory]
    [InlineData("""{"complexity":">0.7, <0.3"}""", "when.complexity is \">0.7, <0.3\": the comparisons contradict each other, nothing meets both.")]
    [InlineData("""{"complexity":">0.7,<=0.7"}""", "when.complexity is \">0.7,<=0.7\": the comparisons contradict each other, nothing meets both.")]
    [InlineData("""{"complexity":">1"}""", "when.complexity is \">1\", and is from 0 to 1: nothing meets that.")]
    [InlineData("""{"complexity":"<0"}""", "when.complexity is \"<0\", and is from 0 to 1: nothing meets that.")]
    [InlineData("""{"complexity":"high"}""", "when.complexity: \"high\" is no comparison such as \">0.7\".")]
    [InlineData("""{"complexity":"0.7"}""", "when.complexity: \"0.7\" is no comparison")]
    [InlineData("""{"complexity":">0.7ms"}""", "when.complexity: \">0.7ms\" is no comparison")]
    [InlineData("""{"complexity":">-0.7"}""", "when.complexity: \">-0.7\" is no comparison")]
    [InlineData("""{"complexity":0.7}""", "when.complexity must be a text, is 0.7.")]
    [InlineData("""{"complexity":">0.7,"}""", "when.complexity: \"\" is no comparison")]
    [InlineData("""{"latency":"<1000"}""", "when.latency: \"<1000\" is no comparison such as \"<1000ms\" or \"<1000s\".")]
    [InlineData("""{"latency":">2s, <1000ms"}""", "when.latency is \">2s, <1000ms\": the comparisons contradict each other, nothing meets both.")]
    [InlineData("""{"input_tokens":">8000 bytes"}""", "when.input_tokens: \">8000 bytes\" is no comparison")]
    [InlineData("""{"input_tokens":"<0"}""", "when.input_tokens is \"<0\", and is never negative: nothing meets that.")]
    [InlineData("""{"input_tokens":">8000","input_bytes":"<8000"}""", "when.input_tokens is \">8000\", when.input_bytes is \"<8000\": a token has at least a byte, so nothing meets both.")]
    [InlineData("""{"labels":{"team":5}}""", "when.labels.team must be a text, is 5.")]
    [InlineData("""{"task_types":["Fix"]}""", "when.task_types[0] must be of the form")]
    [InlineData("""{"moon":"full"}""", "\"moon\" is no member of when; there are task_types, complexity, latency, input_tokens, input_bytes, labels.")]
    public void A_condition_that_nothing_meets_is_told(string when, string problems) =>
        Tell($$"""{"models":[{"model":"a/b","priority":1}],"max_cost_per_task_usd":1,"when":{{when}}}""", problems);

    [Theory]
    [InlineData("""{"complexity":">0.7"}""", """{"complexity":"<0.3"}""", "models[0].when.complexity is \"<0.3\", when.complexity is \">0.7\": nothing meets both.")]
    [InlineData("""{"latency":"<1s"}""", """{"latency":">1000ms"}""", "models[0].when.latency is \">1000ms\", when.latency is \"<1s\": nothing meets both.")]
    [InlineData("""{"input_bytes":">=100"}""", """{"input_bytes":"<100"}""", "models[0].when.input_bytes is \"<100\", when.input_bytes is \">=100\": nothing meets both.")]
    [InlineData("""{"task_types":["plan"]}""", """{"task_types":["fix_bug"]}""", "models[0].when.task_types has fix_bug, when.task_types has plan: no request meets both.")]
    [InlineData("""{"labels":{"team":"ops"}}""", """{"labels":{"team":"dev"}}""", "models[0].when.labels wants team to be \"dev\", when.labels wants \"ops\": no request meets both.")]
    [InlineData("""{"complexity":">0.3"}""", """{"complexity":"<0.7"}""", "")]
    [InlineData("""{"complexity":">=0.5"}""", """{"complexity":"<=0.5"}""", "")]
    public void A_models_condition_that_contradicts_the_policys_is_told(string policys, string models, string problems) =>
        Tell($$"""{"models":[{"model":"a/b","priority":1,"when":{{models}}}],"max_cost_per_task_usd":1,"when":{{policys}}}""", problems);

    [Fact]
    public void A_policy_without_end_is_refused_before_it_is_read() =>
        Tell(new string(' ', 300_000), "A policy has at most 262144 characters, this has 300000.");

    [Fact]
    public void However_much_is_wrong_some_twenty_sentences_are_enough()
    {
        var models = string.Join(',', Enumerable.Repeat("""{"model":1,"priority":0}""", 50));

        var problems = ReadPolicyConfig.Run($$"""{"models":[{{models}}],"max_cost_per_task_usd":1}""").Problems;

        Assert.Equal(21, problems.Count);
        Assert.Equal("There are 80 more problems.", problems[^1]);
    }

    static void Tell(string json, string problems)
    {
        var reading = ReadPolicyConfig.Run(json);

        Assert.Equal(problems.Length > 0, reading.Config is null);
        var expected = problems.Split('|', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(expected.Length == reading.Problems.Count && expected.Zip(reading.Problems).All(p => p.Second.StartsWith(p.First, StringComparison.Ordinal)), string.Join("\n", reading.Problems));
    }
}
