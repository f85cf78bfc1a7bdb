#include "pool/app/config_secrets.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace pool {
namespace {

class Secrets : public ::testing::Test {
protected:
    std::string put(const std::string& name, const std::string& text) const
    {
        const auto path = directory.path() / name;
        std::ofstream{path} << text;
        return path.string();
    }
    Result<Config> load(const std::string& more,
                        std::map<std::string, std::string> environment = {})
    {
        const std::string file =
            put("zubr.toml",
                "[network]\nchain = \"main\"\n[pool]\npayout_address = "
                "\"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4\"\ndata_dir = \"/tmp/z\"\n"
                "[[node]]\nurl = \"http://127.0.0.1:8332\"\n" +
                    more);
        return load_config({.file = file, .sets = {}, .environment = std::move(environment)});
    }
    std::string error_of(const std::string& more,
                         std::map<std::string, std::string> environment = {})
    {
        const auto config = load(more, std::move(environment));
        return config ? "no error" : config.error().detail;
    }

    tests::TempDir directory;
};

TEST_F(Secrets, AreReadFromTheFilesThatTheConfigurationNames)
{
    const auto config =
        load("user = \"zubr\"\npassword_file = \"" + put("node", "of the node\n") +
             "\"\n[mysql]\npassword_file = \"" + put("mysql", "of MySQL\r\n") +
             "\"\n[redis]\npassword_file = \"" + put("redis", " of Redis ") +
             "\"\n[[webhook]]\nurl_file = \"" + put("url", "https://ntfy.example/topic\n") +
             "\"\nsecret_file = \"" + put("secret", "0123456789abcdef\n") + "\"\n");
    ASSERT_TRUE(config.has_value()) << config.error().detail;
    EXPECT_EQ(config->nodes.at(0).password, "of the node");
    EXPECT_EQ(config->mysql_password, "of MySQL");
    EXPECT_EQ(config->redis_password, " of Redis ") << "blanks may belong to it";
    EXPECT_EQ(config->webhooks.at(0).url, "https://ntfy.example/topic");
    EXPECT_EQ(config->webhooks.at(0).host, "ntfy.example");
    EXPECT_EQ(config->webhooks.at(0).secret, "0123456789abcdef");
    for (const ConfigLine& line : config->lines) {
        EXPECT_EQ(line.value.find("of the node"), std::string::npos) << line.name;
        EXPECT_EQ(line.value.find("topic"), std::string::npos) << line.name;
    }
    const auto shown =
        std::find_if(config->lines.begin(), config->lines.end(),
                     [](const ConfigLine& line) { return line.name == "node[1].password"; });
    ASSERT_NE(shown, config->lines.end());
    EXPECT_EQ(shown->value, "\"***\"");
    EXPECT_EQ(shown->source, (directory.path() / "node").string());
}

TEST_F(Secrets, AreCredentialsOfSystemdsWhereNothingElseTellsThem)
{
    put("mysql.password", "by systemd");
    put("node1.password", "by systemd, too");
    put("redis.password", "is not asked for");
    const std::map<std::string, std::string> systemd{
        {"CREDENTIALS_DIRECTORY", directory.path().string()}};
    const auto config = load("[redis]\npassword = \"its own\"\n", systemd);
    ASSERT_TRUE(config.has_value()) << config.error().detail;
    EXPECT_EQ(config->mysql_password, "by systemd");
    EXPECT_EQ(config->nodes.at(0).password, "by systemd, too");
    EXPECT_EQ(config->redis_password, "its own");
}

TEST_F(Secrets, OfNodesAndWebhooksComeFromTheEnvironmentByNumber)
{
    const auto config =
        load("[[node]]\nurl = \"http://127.0.0.1:8333\"\nname = \"b\"\n[[webhook]]\n",
             {{"ZUBR_NODE2__PASSWORD", "007"},
              {"ZUBR_WEBHOOK1__URL", "https://hooks.example/x"},
              {"ZUBR_WEBHOOK1__SECRET", "0123456789abcdef"},
              {"ZUBR_REDIS__PASSWORD", "by environment"}});
    ASSERT_TRUE(config.has_value()) << config.error().detail;
    EXPECT_EQ(config->nodes.at(0).password, "");
    EXPECT_EQ(config->nodes.at(1).password, "007");
    EXPECT_EQ(config->webhooks.at(0).url, "https://hooks.example/x");
    EXPECT_EQ(config->webhooks.at(0).secret, "0123456789abcdef");
    EXPECT_EQ(config->redis_password, "by environment");
    EXPECT_EQ(config_as_set(*config).find("007"), std::string::npos);
    EXPECT_EQ(config_as_set(*config).find("hooks.example"), std::string::npos);

    EXPECT_EQ(error_of("", {{"ZUBR_NODE2__PASSWORD", "x"}}),
              "environment ZUBR_NODE2__PASSWORD: the file has no [[node]] of that number");
    EXPECT_NE(error_of("", {{"ZUBR_NODE1__URL", "x"}}).find("stands in the file"),
              std::string::npos);
    EXPECT_NE(error_of("", {{"ZUBR_NODE0__PASSWORD", "x"}}).find("of that number"),
              std::string::npos);
    EXPECT_NE(error_of("[[webhook]]\n", {{"ZUBR_WEBHOOK1__SECRET", "short"}})
                  .find("must have 16 characters"),
              std::string::npos);
}

TEST_F(Secrets, ThatCannotBeHadAreNamedWithoutBeingTold)
{
    EXPECT_EQ(error_of("[mysql]\npassword = \"hidden\"\npassword_file = \"/x\"\n"),
              "mysql.password is told, and mysql.password_file too: one of them is enough");
    const auto wrong = [this](const std::string& text) {
        const std::string file = put("secret", text);
        const std::string error = error_of("[mysql]\npassword_file = \"" + file + "\"\n");
        EXPECT_EQ(error.find("hidden"), std::string::npos) << error;
        EXPECT_EQ(error.find("mysql.password: " + file), 0U) << error;
        return error.substr(error.find(file) + file.size());
    };
    EXPECT_EQ(wrong(""), " is empty");
    EXPECT_EQ(wrong("\n"), " is empty");
    EXPECT_EQ(wrong("hidden\nhidden\n"), " has more than one line");
    EXPECT_EQ(wrong(std::string(4097, 'x')), " has more than 4096 bytes");
    EXPECT_EQ(error_of("[mysql]\npassword_file = \"/nowhere/secret\"\n"),
              "mysql.password: /nowhere/secret cannot be read");
    const std::string url = put("url", "hidden");
    EXPECT_EQ(error_of("[[webhook]]\nurl_file = \"" + url + "\"\n"),
              url + ": it must be like \"https://example.org/hook\"");
}

}  // namespace
}  // namespace pool
