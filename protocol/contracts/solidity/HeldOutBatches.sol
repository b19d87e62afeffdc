// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {StatementReader} from "./StatementReader.sol";
import {Statements} from "./Statements.sol";

/// @title Held-out questions in sealed batches: put on chain unread, agreed to by validators, opened once their version
/// is fixed.
/// @notice A batch is one writer's questions, encrypted, with their key sealed to each sitting validator. More than two
/// thirds of the roster's weight accept it, and it judges the version that is anchored next. Its key can be shown only
/// after that, by whoever has it, and only for so long: what was not opened by then judges nothing. So which questions
/// judge a version follows from the chain alone (protocol/data/question-set.ts). The text goes through the chain, as
/// rules do: questions that nobody has would stop what is paid by them.
/// A key is bound to its ciphertext by its hash here, and to its writer by what it was encrypted for: whoever puts the
/// same bytes again under another name has put nothing that opens.
abstract contract HeldOutBatches is StatementReader {
    using Statements for Statements.Questions;

    /// @param roster that is asked: once another sits nothing comes of it, unless it was accepted before
    /// @param version that it judges; 0 until it is accepted
    struct Batch {
        bytes32 datanet;
        bytes32 keyHash;
        address writer;
        uint32 roster;
        uint32 version;
        bool opened;
        uint128 consent;
        uint128 against;
    }

    /// @param until when they can be opened, once their version is anchored; 0 before
    struct Due {
        uint32 batches;
        uint64 until;
    }

    /// @notice Bytes of the encrypted questions of one batch, and of one key as it is sealed to a validator.
    uint256 public constant MAX_QUESTIONS = 16_384;
    uint256 public constant SEALED_KEY = 81;
    /// @notice Batches that judge one version.
    uint32 public constant MAX_BATCHES = 64;
    /// @notice Seconds to open batches in, from when their version is anchored.
    uint64 public constant OPEN_WINDOW = 1 days;

    mapping(bytes32 batch => Batch) public batchOf;
    mapping(bytes32 batch => mapping(address validator => bool)) public spokeOnBatch;
    mapping(bytes32 datanet => mapping(uint32 version => Due)) public batchesDue;

    /// @notice With what was sealed, which the chain keeps for whoever is given the key.
    /// @param keys sealed to each of the roster, in its order
    event BatchPut(
        bytes32 indexed datanet,
        bytes32 indexed batch,
        address indexed writer,
        uint32 roster,
        bytes32 keyHash,
        bytes questions,
        bytes keys
    );
    event BatchSpoken(
        bytes32 indexed batch, address indexed validator, bool consents, uint128 consent, uint128 against
    );
    event BatchAccepted(bytes32 indexed datanet, bytes32 indexed batch, uint32 version);
    event BatchesDue(bytes32 indexed datanet, uint32 indexed version, uint32 batches, uint64 until);
    event BatchOpened(bytes32 indexed batch, bytes32 key);

    error BadBatch(uint256 questions, uint256 keys);
    error BatchExists(bytes32 batch);
    error BatchDecided(bytes32 batch);
    error BatchNotAsked(uint32 roster);
    error BatchSpokenOn(address validator);
    error BatchesFull(uint32 version);
    error BatchNotDue(uint32 version);
    error BatchTooLate(uint64 until);
    error BatchWrongKey();
    error BatchPutTooLate(uint64 deadline);

    /// @notice Anyone may write questions, and pays for their room. Who reads them are the validators that sit.
    function putBatch(bytes32 datanet, bytes32 keyHash, bytes calldata questions, bytes calldata keys)
        external
        returns (bytes32 batch)
    {
        return _putBatch(datanet, msg.sender, keyHash, questions, keys);
    }

    /// @notice Puts what its writer has signed: whoever brings it pays for its room, and writes nothing. The signature
    /// is for this text, these keys and the roster that sits, so that a batch stands there once whoever brings it.
    function putBatchFor(
        Statements.Questions calldata statement,
        bytes calldata signature,
        bytes calldata questions,
        bytes calldata keys
    ) external returns (bytes32 batch) {
        (uint32 roster,,) = _heldOutState(statement.datanet);
        if (statement.roster != roster) revert BatchNotAsked(roster);
        if (block.timestamp > statement.deadline) revert BatchPutTooLate(statement.deadline);
        Statements.Questions memory said = statement;
        (said.questions, said.keys) = (keccak256(questions), keccak256(keys));
        _requireSigned(_digest(said.hash()), signature, statement.writer);
        return _putBatch(statement.datanet, statement.writer, statement.keyHash, questions, keys);
    }

    function _putBatch(
        bytes32 datanet,
        address writer,
        bytes32 keyHash,
        bytes calldata questions,
        bytes calldata keys
    ) private returns (bytes32 batch) {
        (uint32 roster, uint256 seats,) = _heldOutState(datanet);
        if (
            roster == 0 || questions.length == 0 || questions.length > MAX_QUESTIONS
                || keys.length != seats * SEALED_KEY
        ) revert BadBatch(questions.length, keys.length);
        batch = keccak256(abi.encode(datanet, writer, roster, keyHash, keccak256(questions), keccak256(keys)));
        if (batchOf[batch].writer != address(0)) revert BatchExists(batch);
        batchOf[batch] = Batch(datanet, keyHash, writer, roster, 0, false, 0, 0);
        emit BatchPut(datanet, batch, writer, roster, keyHash, questions, keys);
    }

    /// @notice A sitting, staked validator that has read a batch is for or against it, once. With more than two thirds
    /// of the weight for it it judges the version that is anchored next.
    function speakOnBatch(bytes32 batch, bool consents) external {
        Batch storage asked = batchOf[batch];
        (uint32 roster,, uint32 version) = _heldOutState(asked.datanet);
        uint256 total = _heldOutTotal(asked.datanet, asked.roster);
        if (asked.writer == address(0) || total == 0) revert BatchNotAsked(roster);
        if (asked.version != 0) revert BatchDecided(batch);
        uint96 weight = _heldOutWeight(asked.datanet, asked.roster, msg.sender);
        if (weight == 0) revert BatchNotAsked(roster);
        if (spokeOnBatch[batch][msg.sender]) revert BatchSpokenOn(msg.sender);
        spokeOnBatch[batch][msg.sender] = true;
        if (consents) asked.consent += weight;
        else asked.against += weight;
        emit BatchSpoken(batch, msg.sender, consents, asked.consent, asked.against);
        if (uint256(asked.consent) * 3 <= total * 2) return;
        Due storage due = batchesDue[asked.datanet][version + 1];
        if (due.batches == MAX_BATCHES) revert BatchesFull(version + 1);
        due.batches++;
        asked.version = version + 1;
        emit BatchAccepted(asked.datanet, batch, version + 1);
    }

    /// @notice Shows an accepted batch's key, once its version is anchored. Anyone that has it may; one is enough.
    function openBatch(bytes32 batch, bytes32 key) external {
        Batch storage known = batchOf[batch];
        uint64 until = batchesDue[known.datanet][known.version].until;
        if (known.version == 0 || until == 0) revert BatchNotDue(known.version);
        if (known.opened) revert BatchDecided(batch);
        if (block.timestamp > until) revert BatchTooLate(until);
        if (keccak256(abi.encodePacked(key)) != known.keyHash) revert BatchWrongKey();
        known.opened = true;
        emit BatchOpened(batch, key);
    }

    /// @dev A version was anchored: what judges it can be opened from now on.
    function _batchesCut(bytes32 datanet, uint32 version) internal {
        Due storage due = batchesDue[datanet][version];
        if (due.batches == 0) return;
        due.until = uint64(block.timestamp) + OPEN_WINDOW;
        emit BatchesDue(datanet, version, due.batches, due.until);
    }

    /// @dev The roster that sits (0 for a Datanet that is not known), its seats, and the version anchored last.
    function _heldOutState(bytes32 datanet)
        internal
        view
        virtual
        returns (uint32 roster, uint256 seats, uint32 version);

    /// @dev What all seats of the roster that was asked weigh; 0 where others sit by now.
    function _heldOutTotal(bytes32 datanet, uint32 asked) internal view virtual returns (uint128);

    function _heldOutWeight(bytes32 datanet, uint32 roster, address validator) internal view virtual returns (uint96);
}
